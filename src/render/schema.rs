//! JSON Schemas (draft 2020-12) of our documents. They are made from their types by a test, and the program has them as they are
//! published: what makes them is larger than they are.

use schemars::{JsonSchema, generate::SchemaSettings};

/// Of a configuration file.
pub const CONFIG: &str = include_str!("../../docs/reference/config.schema.json");
/// Of whatever is printed with `-o json`.
pub const REPORT: &str = include_str!("../../docs/reference/report.schema.json");

/// Of a document that is read: what may be left out is not required.
#[must_use]
pub fn of_input<T: JsonSchema>() -> String {
    text::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// Of a document that is printed: what is always there is required. Later versions may add fields.
#[must_use]
pub fn of_output<T: JsonSchema>() -> String {
    text::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn text<T: JsonSchema>(settings: SchemaSettings) -> String {
    let schema = settings.into_generator().into_root_schema_for::<T>();
    // A schema is a JSON value already.
    format!("{:#}\n", schema.to_value())
}
