//! The writable fields of an OAuth2 provider in each version.

use serde_json::{Value, json};

use super::Version;
use super::database::Fields;
use super::fields::{ANY_TEXT, Field, Kind, SHORT_TEXT, Table, optional, required};

const GRANT_TYPES: [&str; 8] = [
    "authorization_code",
    "implicit",
    "hybrid",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];
const SUB_MODES: [&str; 6] = [
    "hashed_user_id",
    "user_id",
    "user_uuid",
    "user_username",
    "user_email",
    "user_upn",
];

/// Recorded for 2025.10.0-rc1; the differences of the others are from their schemas.
pub(super) fn writable(version: Version) -> Vec<Field> {
    let mut fields = vec![
        required("name", ANY_NAME),
        optional("authentication_flow", Kind::One(Table::Flows), Value::Null),
        required("authorization_flow", Kind::One(Table::Flows)),
        optional("property_mappings", Kind::Many(Table::Mappings), json!([])),
        optional(
            "client_type",
            Kind::Choice(&["confidential", "public"]),
            "confidential",
        ),
        // Generated when left out; so is the secret.
        optional("client_id", SHORT_TEXT, Value::Null).not_null(),
        optional(
            "client_secret",
            Kind::Text {
                max: 255,
                blank: true,
            },
            Value::Null,
        )
        .not_null(),
        optional("access_code_validity", SHORT_TEXT, "minutes=1"),
        optional("access_token_validity", SHORT_TEXT, "hours=1"),
        optional("refresh_token_validity", SHORT_TEXT, "days=30"),
        optional("include_claims_in_id_token", Kind::Flag, true),
        optional("signing_key", Kind::One(Table::Certificates), Value::Null),
        optional("sub_mode", Kind::Choice(&SUB_MODES), "hashed_user_id"),
        optional(
            "issuer_mode",
            Kind::Choice(&["global", "per_provider"]),
            "per_provider",
        ),
    ];
    if version < Version::V2024_12 {
        fields.push(optional("redirect_uris", ANY_TEXT, ""));
        fields.push(optional("jwks_sources", Kind::Ignored, json!([])));
        return fields;
    }
    fields.push(required("invalidation_flow", Kind::One(Table::Flows)));
    fields.push(required(
        "redirect_uris",
        Kind::RedirectUris {
            typed: version >= Version::V2026_8,
        },
    ));
    fields.push(optional(
        "encryption_key",
        Kind::One(Table::Certificates),
        Value::Null,
    ));
    fields.push(optional("jwt_federation_sources", Kind::Ignored, json!([])));
    fields.push(optional(
        "jwt_federation_providers",
        Kind::Many(Table::Providers),
        json!([]),
    ));
    match version {
        Version::V2024_2 | Version::V2024_12 => {}
        Version::V2025_10 => fields.push(optional("backchannel_logout_uri", ANY_TEXT, "")),
        Version::V2025_12 | Version::V2026_8 => {
            fields.push(optional("logout_uri", ANY_TEXT, ""));
            fields.push(optional(
                "logout_method",
                Kind::Choice(&["backchannel", "frontchannel"]),
                "backchannel",
            ));
            fields.push(optional("refresh_token_threshold", SHORT_TEXT, "seconds=0"));
        }
    }
    if version >= Version::V2026_8 {
        let default = json!(["authorization_code", "refresh_token"]);
        fields.push(optional("grant_types", Kind::Choices(&GRANT_TYPES), default));
    }
    fields
}

/// What an unsaid field holds.
pub(super) fn defaults(version: Version) -> Fields {
    writable(version)
        .into_iter()
        .filter_map(Field::into_default)
        .collect()
}

const ANY_NAME: Kind = Kind::Text {
    max: usize::MAX,
    blank: false,
};
