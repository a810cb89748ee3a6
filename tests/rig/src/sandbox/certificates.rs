//! The sandbox's certificate authority and what it signs.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use super::error::SandboxError;

/// A certificate and its key, both PEM.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Identity {
    /// Writes `<name>.crt` and `<name>.key`.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> Result<(), SandboxError> {
        write(folder, &format!("{name}.crt"), &self.certificate)?;
        write(folder, &format!("{name}.key"), &self.key)
    }
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) -> Result<(), SandboxError> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(SandboxError::io(format!("writing {}", path.display())))
}

/// Writes a new key pair (P-256) as `<name>.key` and `<name>.pub`.
pub(crate) fn write_key_pair(folder: &Path, name: &str) -> Result<(), SandboxError> {
    let key = generate(name)?;
    write(folder, &format!("{name}.key"), &key.serialize_pem())?;
    write(folder, &format!("{name}.pub"), &key.public_key_pem())
}

/// A certificate authority that lives as long as one sandbox.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Result<Self, SandboxError> {
        let mut wanted = parameters(name, &[], &[])?;
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wanted.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let signed = CertifiedIssuer::self_signed(wanted, generate(name)?);
        Ok(Self(signed.map_err(|source| failed(name, source))?))
    }

    /// The authority's own certificate and key.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            certificate: self.0.pem(),
            key: self.0.key().serialize_pem(),
        }
    }

    /// For a server that is reached under these DNS names and addresses.
    pub(crate) fn server(&self, name: &str, hosts: &[String]) -> Result<Identity, SandboxError> {
        self.sign(name, &[], hosts, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// For a client; Kubernetes takes the common name as user and the organizations as groups.
    pub(crate) fn client(&self, user: &str, groups: &[&str]) -> Result<Identity, SandboxError> {
        self.sign(user, groups, &[], ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(
        &self,
        name: &str,
        groups: &[&str],
        hosts: &[String],
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Identity, SandboxError> {
        let mut wanted = parameters(name, groups, hosts)?;
        wanted.extended_key_usages = vec![usage];
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = generate(name)?;
        let signed = wanted
            .signed_by(&key, &self.0)
            .map_err(|source| failed(name, source))?;
        Ok(Identity {
            certificate: signed.pem(),
            key: key.serialize_pem(),
        })
    }
}

fn parameters(name: &str, groups: &[&str], hosts: &[String]) -> Result<CertificateParams, SandboxError> {
    let mut wanted = CertificateParams::new(hosts).map_err(|source| failed(name, source))?;
    wanted.distinguished_name = rcgen::DistinguishedName::new();
    wanted.distinguished_name.push(DnType::CommonName, name);
    for group in groups {
        wanted.distinguished_name.push(DnType::OrganizationName, *group);
    }
    Ok(wanted)
}

fn generate(subject: &str) -> Result<KeyPair, SandboxError> {
    KeyPair::generate().map_err(|source| failed(subject, source))
}

fn failed(subject: &str, source: rcgen::Error) -> SandboxError {
    SandboxError::Certificate {
        subject: subject.to_owned(),
        source,
    }
}
