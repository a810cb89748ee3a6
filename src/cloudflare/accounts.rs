//! Where things are: the account of the tunnels, the zone of the records.

use super::{
    api::{Cloudflare, USUAL_PAGE},
    error::{ApiError, Permission},
    views::{Account, Zone},
};
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    object::ObjectRef,
};

impl Cloudflare {
    /// All accounts that the token sees.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn accounts(&self) -> Result<Vec<Account>, ApiError> {
        self.list("accounts", &[], USUAL_PAGE, Permission::AccountSettingsRead)
            .await
    }

    /// The id of the account to use: the configured one, which is not looked up, else the only one that the token sees.
    ///
    /// # Errors
    /// What [`choose_account`] fails with, and the failure of an [`ApiError`].
    pub async fn account(&self, configured: Option<&str>) -> Result<String, Failure> {
        if let Some(id) = configured {
            return Ok(id.to_owned());
        }
        let accounts = self
            .accounts()
            .await
            .map_err(|error| error.failure(accounts_object()))?;
        choose_account(&accounts)
    }

    /// The zone of that name, or `None` if there is none that the token may see.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn zone(&self, name: &str) -> Result<Option<Zone>, ApiError> {
        let zones: Vec<Zone> = self
            .list("zones", &[("name", name)], USUAL_PAGE, Permission::ZoneRead)
            .await?;
        Ok(zones.into_iter().find(|zone| zone.name == name))
    }

    /// The id of the zone of that name.
    ///
    /// # Errors
    /// [`Reason::NotFound`] if there is none, and the failure of an [`ApiError`].
    pub async fn zone_id(&self, name: &str) -> Result<String, Failure> {
        let object = || ObjectRef::global("Cloudflare zone", name);
        let zone = self.zone(name).await.map_err(|error| error.failure(object()))?;
        let missing = || {
            let message = "the token sees no Cloudflare zone of that name";
            Failure::new(Exit::Forbidden, Reason::NotFound, message)
                .on(object())
                .hint(format!(
                    "set cloudflare.zone of the configuration, or give the token the permission {} for it",
                    Permission::ZoneRead
                ))
        };
        zone.map(|zone| zone.id).ok_or_else(missing)
    }
}

fn accounts_object() -> ObjectRef {
    ObjectRef::global("Cloudflare account", "default")
}

/// The id of the only account: a guess among several could make tunnels where nobody looks for them.
///
/// # Errors
/// [`Reason::AmbiguousMatch`] with all of them, or [`Reason::NotFound`] if there is none.
pub fn choose_account(accounts: &[Account]) -> Result<String, Failure> {
    match accounts {
        [account] => Ok(account.id.clone()),
        [] => Err(Failure::new(
            Exit::Forbidden,
            Reason::NotFound,
            "the token sees no Cloudflare account",
        )
        .on(accounts_object())
        .hint(format!(
            "set cloudflare.accountID of the configuration, or give the token the permission {}",
            Permission::AccountSettingsRead
        ))),
        several => {
            let named: Vec<String> = several
                .iter()
                .map(|account| format!("{} ({:?})", account.id, account.name))
                .collect();
            Err(Failure::new(
                Exit::Human,
                Reason::AmbiguousMatch,
                format!("the token sees several Cloudflare accounts: {}", named.join(", ")),
            )
            .on(accounts_object())
            .hint("set cloudflare.accountID of the configuration to the one to use"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_account_is_chosen_and_else_all_are_named() {
        let account = |id: &str| Account {
            id: id.to_owned(),
            name: format!("name of {id}"),
        };
        assert_eq!(choose_account(&[account("a")]).unwrap(), "a");
        assert_eq!(choose_account(&[]).unwrap_err().reason, Reason::NotFound);
        let failure = choose_account(&[account("a"), account("b")]).unwrap_err();
        assert_eq!(failure.exit, Exit::Human);
        assert!(
            failure.message.contains("a (\"name of a\"), b (\"name of b\")"),
            "{failure}"
        );
    }
}
