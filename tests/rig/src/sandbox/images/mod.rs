//! Container images, written as OCI tarballs without a registry or a container engine.
//!
//! One layer, one manifest, and an index whose annotations carry the names under which `ctr images import` finds it
//! (OCI image-spec 1.1, image-layout; the annotation is containerd's).

mod machine;
mod tarball;

use std::path::{Path, PathBuf};

/// An image to write.
#[derive(Debug, Clone)]
pub struct Image {
    names: Vec<String>,
    entrypoint: Vec<String>,
    arguments: Vec<String>,
    environment: Vec<String>,
    user: String,
    folder: String,
    content: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    path: String,
    mode: u32,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Folder,
    Text(String),
    File(PathBuf),
    Link(String),
}

const PASSWD: &str =
    "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nnonroot:x:65532:\n";
/// Where this machine and the image keep the certificate authorities of the world.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Image {
    /// An image without a program, with what programs expect: users, a `/tmp`, certificate authorities if this machine
    /// has them.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let image = Self {
            names: vec![name.to_owned()],
            entrypoint: Vec::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
            user: String::new(),
            folder: String::new(),
            content: Vec::new(),
        };
        let image = image
            .folder("/tmp", 0o1777)
            .text("/etc/passwd", 0o644, PASSWD)
            .text("/etc/group", 0o644, GROUP);
        if Path::new(AUTHORITIES).is_file() {
            image.file(AUTHORITIES, 0o644, Path::new(AUTHORITIES))
        } else {
            image
        }
    }

    /// An image that holds one static program, at `/<its file name>`, as its entry point.
    #[must_use]
    pub fn of_program(name: &str, program: &Path) -> Self {
        let inside = format!("/{}", program.file_name().unwrap_or_default().to_string_lossy());
        Self::new(name)
            .environment("PATH=/")
            .file(&inside, 0o755, program)
            .entrypoint(&inside)
    }

    /// One more name for the same image.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    /// One more word of the entry point.
    #[must_use]
    pub fn entrypoint(mut self, word: &str) -> Self {
        self.entrypoint.push(word.to_owned());
        self
    }

    /// One more environment variable, as `NAME=VALUE`.
    #[must_use]
    pub fn environment(mut self, variable: &str) -> Self {
        self.environment.push(variable.to_owned());
        self
    }

    /// Where processes start.
    #[must_use]
    pub fn working_folder(mut self, path: &str) -> Self {
        path.clone_into(&mut self.folder);
        self
    }

    /// One more default argument.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A numeric user, which `runAsNonRoot` needs: `65532:65532`.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// A file of this machine.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, source: &Path) -> Self {
        self.with(path, mode, Content::File(source.to_owned()))
    }

    /// A small file.
    #[must_use]
    pub fn text(self, path: &str, mode: u32, text: &str) -> Self {
        self.with(path, mode, Content::Text(text.to_owned()))
    }

    /// A symbolic link.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.with(path, 0o777, Content::Link(target.to_owned()))
    }

    /// An empty folder.
    #[must_use]
    pub fn folder(self, path: &str, mode: u32) -> Self {
        self.with(path, mode, Content::Folder)
    }

    /// What comes last under a path is there: two programs share their libraries.
    fn with(mut self, path: &str, mode: u32, content: Content) -> Self {
        let path = path.trim_start_matches('/').to_owned();
        self.content.retain(|entry| entry.path != path);
        self.content.push(Entry { path, mode, content });
        self
    }
}
