//! Tunnels whose configuration is with their connector (`config_src: local`).

use super::{
    api::{Cloudflare, about},
    credentials::Credentials,
    error::{ApiError, Permission},
    views::Tunnel,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

const PERMISSION: Permission = Permission::TunnelEdit;
/// A list of all Organizations' tunnels is longer than other lists.
const PAGE: u32 = 100;

fn path(account: &str) -> String {
    format!("accounts/{account}/cfd_tunnel")
}

impl Cloudflare {
    /// The tunnels of that name that are not deleted.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn tunnels_named(&self, account: &str, name: &str) -> Result<Vec<Tunnel>, ApiError> {
        let filters = [("name", name), ("is_deleted", "false")];
        let tunnels: Vec<Tunnel> = self.list(&path(account), &filters, PAGE, PERMISSION).await?;
        let is_one = |tunnel: &Tunnel| tunnel.name == name && tunnel.deleted_at.is_none();
        Ok(tunnels.into_iter().filter(is_one).collect())
    }

    /// The tunnels that are not deleted and whose names begin so.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn tunnels_of(&self, account: &str, prefix: &str) -> Result<Vec<Tunnel>, ApiError> {
        let filters = [("include_prefix", prefix), ("is_deleted", "false")];
        let tunnels: Vec<Tunnel> = self.list(&path(account), &filters, PAGE, PERMISSION).await?;
        let is_one = |tunnel: &Tunnel| tunnel.name.starts_with(prefix) && tunnel.deleted_at.is_none();
        Ok(tunnels.into_iter().filter(is_one).collect())
    }

    /// The deleted tunnels of that name that Cloudflare still remembers.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn deleted_tunnels(&self, account: &str, name: &str) -> Result<Vec<Tunnel>, ApiError> {
        let filters = [("name", name), ("is_deleted", "true")];
        let tunnels: Vec<Tunnel> = self.list(&path(account), &filters, PAGE, PERMISSION).await?;
        let is_one = |tunnel: &Tunnel| tunnel.name == name && tunnel.deleted_at.is_some();
        Ok(tunnels.into_iter().filter(is_one).collect())
    }

    /// Makes a tunnel with a secret that was stored before.
    ///
    /// # Errors
    /// [`ApiError::Exists`] if there is one of that name, or any other [`ApiError`].
    pub async fn create_tunnel(
        &self,
        account: &str,
        name: &str,
        secret: &SecretString,
    ) -> Result<Tunnel, ApiError> {
        let body = json!({ "name": name, "tunnel_secret": secret.expose_secret(), "config_src": "local" });
        let tunnel: Tunnel = self.create(&path(account), &body, PERMISSION).await?;
        about(tunnel.name == name)?;
        Ok(tunnel)
    }

    /// The credentials of a tunnel as Cloudflare knows them, or `None` if it says that there are none. Only that: what
    /// comes of `None` may be that the tunnel is made anew.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn tunnel_credentials(
        &self,
        account: &str,
        tunnel: &str,
    ) -> Result<Option<Credentials>, ApiError> {
        let path = format!("{}/{tunnel}/token", path(account));
        let token: SecretString = match self.read(&path, PERMISSION).await {
            Ok(token) => token,
            Err(ApiError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let credentials = Credentials::from_token(&token).ok_or(ApiError::Shape("token of a tunnel"))?;
        about(credentials.is_of(account, tunnel))?;
        Ok(Some(credentials))
    }

    /// How many connectors are connected to a tunnel; none to one that does not exist.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn connectors(&self, account: &str, tunnel: &str) -> Result<usize, ApiError> {
        let path = format!("{}/{tunnel}/connections", path(account));
        match self.read::<Option<Vec<Value>>>(&path, PERMISSION).await {
            Ok(connectors) => Ok(connectors.unwrap_or_default().len()),
            Err(ApiError::NotFound) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Ends all connections of a tunnel. A connector that still runs connects again.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn drop_connections(&self, account: &str, tunnel: &str) -> Result<(), ApiError> {
        let path = format!("{}/{tunnel}/connections", path(account));
        self.delete(&path, PERMISSION).await
    }

    /// Deletes a tunnel; that it is gone already is fine.
    ///
    /// # Errors
    /// [`ApiError::Connected`] if a connector is connected, or any other [`ApiError`].
    pub async fn delete_tunnel(&self, account: &str, tunnel: &str) -> Result<(), ApiError> {
        let path = format!("{}/{tunnel}", path(account));
        self.delete(&path, PERMISSION).await
    }
}
