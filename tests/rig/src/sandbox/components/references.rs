//! What has to be changed in a manifest before it can be applied where no registry is.

/// The image with a shell; Tekton's scripts run in it unless a step names an image of its own.
pub const SHELL_IMAGE: &str = "localhost/shell:1";
/// How sources refer to a program that a release would refer to by its image.
const PROGRAM: &str = "ko://";
const TEKTON: &str = "github.com/tektoncd/";

/// A manifest as a release would have it, but with images that the rig makes:
///
/// - `ko://github.com/tektoncd/pipeline/cmd/controller` becomes `localhost/pipeline-controller:1`;
/// - an image by digest, which nobody can make but its maker, becomes the shell image: Tekton has only shells like that;
/// - `Always` becomes `IfNotPresent`, since nothing is pulled here;
/// - the version `devel` becomes the module's.
#[must_use]
pub fn local(manifest: &str, version: &str) -> String {
    let lines = manifest.lines().map(|line| line_of(line, version) + "\n");
    lines.collect()
}

fn line_of(line: &str, version: &str) -> String {
    if line.trim_start().starts_with('#') {
        return line.to_owned();
    }
    let line = line.replace("imagePullPolicy: Always", "imagePullPolicy: IfNotPresent");
    let devel = [": \"devel\"", ": devel"];
    if let Some(key) = devel.iter().find_map(|value| line.strip_suffix(value)) {
        return format!("{key}: \"{version}\"");
    }
    words(&line)
}

/// References stand between blanks and quotes.
fn words(line: &str) -> String {
    let words = line.split_inclusive([' ', '"', '\'', ',']);
    let changed = words.map(|word| {
        let reference = word.trim_end_matches([' ', '"', '\'', ',']);
        let rest = &word[reference.len()..];
        if let Some(program) = reference.strip_prefix(PROGRAM) {
            image_of_package(program) + rest
        } else if reference.contains("@sha256:") {
            format!("{SHELL_IMAGE}{rest}")
        } else {
            word.to_owned()
        }
    });
    changed.collect()
}

/// `github.com/tektoncd/pipeline/cmd/controller` is `localhost/pipeline-controller:1`.
pub(super) fn image_of_package(package: &str) -> String {
    let program = package.trim_start_matches(TEKTON).replace("/cmd/", "-");
    format!("localhost/{program}:1")
}

/// The documents that define kinds.
pub(super) fn definitions(manifest: &str) -> String {
    let is_definition = |document: &&str| {
        document
            .lines()
            .any(|line| line == "kind: CustomResourceDefinition")
    };
    let documents = manifest.split("\n---\n").filter(is_definition);
    documents.collect::<Vec<_>>().join("\n---\n")
}

/// The images that a manifest's containers run, each once.
pub(super) fn images(manifest: &str) -> Vec<String> {
    let image = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ");
        Some(line.strip_prefix("image: ")?.trim_matches('"').to_owned())
    };
    let mut images: Vec<_> = manifest.lines().filter_map(image).collect();
    images.sort();
    images.dedup();
    images
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_tekton_become_local_images() {
        let manifest = "\
          image: ko://github.com/tektoncd/pipeline/cmd/controller
          image: \"ko://github.com/tektoncd/triggers/cmd/webhook\"
          args: [\"-nop-image\", \"ko://github.com/tektoncd/pipeline/cmd/nop\",
            \"-shell-image\", \"example.org/busybox@sha256:00ff\"]";
        let wanted = "\
          image: localhost/pipeline-controller:1
          image: \"localhost/triggers-webhook:1\"
          args: [\"-nop-image\", \"localhost/pipeline-nop:1\",
            \"-shell-image\", \"localhost/shell:1\"]\n";
        assert_eq!(local(manifest, "v1"), wanted);
    }

    #[test]
    fn nothing_is_pulled_and_the_version_is_told() {
        let changed = local(
            "imagePullPolicy: Always\nversion: \"devel\"\nrelease: devel\n",
            "v1.2.3",
        );
        let wanted = "imagePullPolicy: IfNotPresent\nversion: \"v1.2.3\"\nrelease: \"v1.2.3\"\n";
        assert_eq!(changed, wanted);
    }

    #[test]
    fn all_else_stays_as_it_is() {
        let same = "# see ko://github.com/tektoncd/x\nimage: example.org/a:1\n\n  \"development\": false,\nurl: devel/x\n";
        assert_eq!(local(same, "v1"), same);
    }

    #[test]
    fn definitions_are_picked_out_of_a_stream() {
        let stream = "kind: Role\n---\nkind: CustomResourceDefinition\nx: 1\n---\nkind: Secret\n";
        assert_eq!(definitions(stream), "kind: CustomResourceDefinition\nx: 1");
        assert_eq!(definitions("kind: Role\n"), "");
    }

    #[test]
    fn images_are_named_once() {
        let manifest = "- image: b:1\n  image: \"a:1\"\n  - image: b:1\n  imagePullPolicy: Never\n";
        assert_eq!(images(manifest), ["a:1", "b:1"]);
    }
}
