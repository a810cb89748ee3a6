//! Writing an image down.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::super::error::SandboxError;
use super::{Content, Image};

impl Image {
    /// Writes the tarball; its manifest's digest (`sha256:…`). The same content gives the same bytes.
    ///
    /// # Errors
    /// When a file cannot be read or the tarball cannot be written.
    pub fn write(&self, tarball: &Path) -> Result<String, SandboxError> {
        self.try_write(tarball).map_err(SandboxError::io(format!(
            "writing the image {}",
            tarball.display()
        )))
    }

    fn try_write(&self, tarball: &Path) -> io::Result<String> {
        let mut layer = Hashing {
            file: tempfile::tempfile()?,
            hash: Sha256::new(),
            size: 0,
        };
        self.write_layer(&mut layer)?;
        let (layer_digest, layer_size) = (digest(layer.hash), layer.size);
        let config = self.config(&layer_digest).to_string();
        let config_blob = blob("config.v1+json", config.as_bytes());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type("manifest.v1+json"),
            "config": config_blob,
            "layers": [{ "mediaType": media_type("layer.v1.tar"), "digest": layer_digest, "size": layer_size }],
        })
        .to_string();
        let index = self
            .index(&blob("manifest.v1+json", manifest.as_bytes()))
            .to_string();

        let mut archive = Builder::new(File::create(tarball)?);
        append(&mut archive, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        append(&mut archive, "index.json", index.as_bytes())?;
        for text in [&config, &manifest] {
            append(
                &mut archive,
                &blob_path(&digest(Sha256::new_with_prefix(text))),
                text.as_bytes(),
            )?;
        }
        layer.file.seek(SeekFrom::Start(0))?;
        append_from(&mut archive, &blob_path(&layer_digest), layer_size, layer.file)?;
        archive.into_inner()?.flush()?;
        Ok(digest(Sha256::new_with_prefix(&manifest)))
    }

    fn write_layer(&self, layer: &mut Hashing) -> io::Result<()> {
        let mut archive = Builder::new(layer);
        for entry in &self.content {
            let mut header = header(entry.mode);
            match &entry.content {
                Content::Folder => {
                    header.set_entry_type(EntryType::Directory);
                    archive.append_data(&mut header, &entry.path, io::empty())?;
                }
                Content::Link(target) => {
                    header.set_entry_type(EntryType::Symlink);
                    archive.append_link(&mut header, &entry.path, target)?;
                }
                Content::Text(text) => {
                    header.set_size(text.len() as u64);
                    archive.append_data(&mut header, &entry.path, text.as_bytes())?;
                }
                Content::File(source) => {
                    let file = File::open(source).map_err(|error| {
                        io::Error::new(error.kind(), format!("{}: {error}", source.display()))
                    })?;
                    header.set_size(file.metadata()?.len());
                    archive.append_data(&mut header, &entry.path, file)?;
                }
            }
        }
        archive.finish()
    }

    fn config(&self, layer: &str) -> Value {
        json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
            "os": "linux",
            "config": {
                "Entrypoint": self.entrypoint, "Cmd": self.arguments, "Env": self.environment, "User": self.user,
                "WorkingDir": self.folder,
            },
            "rootfs": { "type": "layers", "diff_ids": [layer] },
        })
    }

    fn index(&self, manifest: &Value) -> Value {
        let named = |name: &String| {
            let mut entry = manifest.clone();
            entry["annotations"] =
                json!({ "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name });
            entry
        };
        json!({ "schemaVersion": 2, "manifests": self.names.iter().map(named).collect::<Vec<_>>() })
    }
}

/// A file that is hashed while it is written.
struct Hashing {
    file: File,
    hash: Sha256,
    size: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn media_type(kind: &str) -> String {
    format!("application/vnd.oci.image.{kind}")
}

fn blob(kind: &str, bytes: &[u8]) -> Value {
    json!({
        "mediaType": media_type(kind), "digest": digest(Sha256::new_with_prefix(bytes)), "size": bytes.len(),
    })
}

fn digest(hash: Sha256) -> String {
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn header(mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_size(0);
    header
}

fn append(archive: &mut Builder<File>, path: &str, bytes: &[u8]) -> io::Result<()> {
    append_from(archive, path, bytes.len() as u64, bytes)
}

fn append_from(archive: &mut Builder<File>, path: &str, size: u64, content: impl Read) -> io::Result<()> {
    let mut header = header(0o644);
    header.set_size(size);
    archive.append_data(&mut header, path, content)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;

    /// The files of a tarball.
    fn unpack(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let mut archive = tar::Archive::new(bytes);
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (path, content)
        });
        entries.collect()
    }

    fn written(image: &Image) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        image.write(&folder.path().join("image.tar")).unwrap();
        fs::read(folder.path().join("image.tar")).unwrap()
    }

    fn json_at(files: &BTreeMap<String, Vec<u8>>, descriptor: &Value) -> Value {
        let bytes = &files[&blob_path(descriptor["digest"].as_str().unwrap())];
        assert_eq!(descriptor["size"], bytes.len());
        assert_eq!(descriptor["digest"], digest(Sha256::new_with_prefix(bytes)));
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn every_digest_leads_to_the_bytes_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("tool");
        fs::write(&program, "not really a program").unwrap();
        let image = Image::of_program("localhost/tool:1", &program)
            .named("localhost/other:1")
            .user("1:1");
        let files = unpack(&written(&image.argument("serve")));

        let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
        let names: Vec<_> = index["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|manifest| {
                manifest["annotations"]["io.containerd.image.name"]
                    .as_str()
                    .unwrap()
            })
            .collect();
        assert_eq!(names, ["localhost/tool:1", "localhost/other:1"]);
        let manifest = json_at(&files, &index["manifests"][0]);
        let config = json_at(&files, &manifest["config"]);
        assert_eq!(config["config"]["Entrypoint"], json!(["/tool"]));
        assert_eq!(config["config"]["Cmd"], json!(["serve"]));
        assert_eq!(config["config"]["User"], "1:1");
        assert_eq!(config["rootfs"]["diff_ids"][0], manifest["layers"][0]["digest"]);

        let layer = &files[&blob_path(manifest["layers"][0]["digest"].as_str().unwrap())];
        assert_eq!(
            manifest["layers"][0]["digest"],
            digest(Sha256::new_with_prefix(layer))
        );
        let content = unpack(layer);
        assert_eq!(content["tool"], b"not really a program");
        assert!(content["etc/passwd"].starts_with(b"root:x:0:0:"));
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let image = Image::of_program("localhost/tool:1", Path::new("/bin/sh"));
        assert_eq!(written(&image), written(&image));
        assert_ne!(
            written(&image),
            written(&image.clone().text("/one-more", 0o644, ""))
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let image = Image::of_program("localhost/tool:1", Path::new("/no/such/tool"));
        let error = image.write(Path::new("/dev/null")).unwrap_err().to_string();
        assert!(error.contains("/no/such/tool"), "{error}");
    }
}
