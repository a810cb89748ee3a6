//! DNS records.

use super::{
    api::{Cloudflare, about},
    error::{ApiError, Permission},
    views::Record,
};
use crate::{
    http::Request,
    model::tunnel::{Names, target},
};
use serde_json::{Value, json};

const PERMISSION: Permission = Permission::DnsEdit;
/// A zone has as many records as the platform has Organizations, and more.
const PAGE: u32 = 1000;

fn path(zone: &str) -> String {
    format!("zones/{zone}/dns_records")
}

fn desired(names: &Names, tunnel: &str) -> Value {
    json!({
        "type": "CNAME", "name": names.host, "content": target(tunnel), "proxied": true, "ttl": 1, "comment": names.comment,
    })
}

impl Cloudflare {
    /// All records of a zone.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn records(&self, zone: &str) -> Result<Vec<Record>, ApiError> {
        self.list(&path(zone), &[], PAGE, PERMISSION).await
    }

    /// The records of exactly that name, of all types.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn records_named(&self, zone: &str, name: &str) -> Result<Vec<Record>, ApiError> {
        let records: Vec<Record> = self
            .list(&path(zone), &[("name", name)], PAGE, PERMISSION)
            .await?;
        Ok(records.into_iter().filter(|record| record.name == name).collect())
    }

    /// Makes the record that leads to a tunnel.
    ///
    /// # Errors
    /// [`ApiError::Exists`] if another one is in its place, or any other [`ApiError`].
    pub async fn create_record(&self, zone: &str, names: &Names, tunnel: &str) -> Result<Record, ApiError> {
        let record: Record = self
            .create(&path(zone), &desired(names, tunnel), PERMISSION)
            .await?;
        about(record.name == names.host)?;
        Ok(record)
    }

    /// Sets all of a record that leads to a tunnel.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it is gone, or any other [`ApiError`].
    pub async fn correct_record(
        &self,
        zone: &str,
        id: &str,
        names: &Names,
        tunnel: &str,
    ) -> Result<Record, ApiError> {
        let url = self.url(&format!("{}/{id}", path(zone)));
        let request = Request::patch(url).json(&desired(names, tunnel));
        let record: Record = self.change(request, PERMISSION).await?;
        about(record.id == id)?;
        Ok(record)
    }

    /// Deletes a record; that it is gone already is fine.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn delete_record(&self, zone: &str, id: &str) -> Result<(), ApiError> {
        self.delete(&format!("{}/{id}", path(zone)), PERMISSION).await
    }
}
