# shellcheck shell=bash
# Sets a Debian machine with Rust and Go up for the other scripts, which source this. Whatever takes long to make is kept
# in ${XDG_CACHE_HOME:-~/.cache}/aphex-ops, outside the checkout: compiled Go programs, the Rust target, cargo-deny.

cache="${XDG_CACHE_HOME:-$HOME/.cache}/aphex-ops"
# Nothing here is built so often that incremental compilation pays, and it doubles the size of the target.
export CARGO_TARGET_DIR="$cache/target" CARGO_INCREMENTAL=0
cargo_deny_version=0.20.2
cargo_deny="$cache/tools/cargo-deny-$cargo_deny_version/bin/cargo-deny"

say() { printf '\n== %s\n' "$*" >&2; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# A linker and a static libc for Rust, shellcheck, what a real node and its images need
# (tests/rig/src/sandbox/prerequisites.rs), and age, which reads our backups.
install_packages() {
    local packages=(ca-certificates gcc libc6-dev shellcheck age containerd runc containernetworking-plugins
        iptables iproute2 conntrack util-linux mount busybox-static git gpg gpg-agent redis-tools) missing=() package
    command -v dpkg-query >/dev/null || return 0
    for package in "${packages[@]}"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || fail "packages are missing; as root: apt-get install -y --no-install-recommends ${missing[*]}"
    say "Installing ${missing[*]}"
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# rust-toolchain.toml names the version; where rustup has it already, nothing is asked of the network.
install_toolchain() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return 0
    command -v rustup >/dev/null || fail "rustup is missing, or cargo is without rustfmt and clippy: https://rustup.rs"
    say "Installing the Rust toolchain"
    rustup toolchain install >&2
}

# Checkouts share one target, and cargo tells what two of them compiled apart by the times of their files alone: when
# another one built last, all of ours must look new. Dependencies stay compiled.
take_target() {
    local last="$CARGO_TARGET_DIR/checkout"
    mkdir -p "$CARGO_TARGET_DIR"
    [[ -f $last && $(<"$last") == "$PWD" ]] && return 0
    find Cargo.toml src tests -type f -exec touch {} +
    printf '%s\n' "$PWD" >"$last"
}

# Where cargo puts what it builds in a profile: `built debug`.
built() { printf '%s/%s/%s' "$CARGO_TARGET_DIR" "$(rustc -vV | sed -n 's/^host: //p')" "$1"; }

# The program as it is shipped. No path of this machine is in it (those of the checkout are relative), so that the same
# sources give the same bytes. Packed relocations make it 465 kB smaller, functions that are alike, kept once by lld (the
# linker of Rust on this platform), 200 kB more, and no index for unwinding, which a program that aborts never does, 158 kB.
build_release() {
    say 'Building the release (minutes, once)'
    RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs -C link-arg=-Wl,--icf=all -C link-arg=-Wl,--no-eh-frame-hdr --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
        cargo build --locked --release --package aphex-ops >&2
    APHEX_OPS_PROGRAM="$(built release)/aphex-ops"
    export APHEX_OPS_PROGRAM
}

install_cargo_deny() {
    [[ -x $cargo_deny ]] && return 0
    say "Compiling cargo-deny $cargo_deny_version (minutes, once)"
    env -u CARGO_TARGET_DIR cargo install --locked --quiet --root "${cargo_deny%/bin/*}" "cargo-deny@$cargo_deny_version"
}

command -v go >/dev/null || fail "go is missing: https://go.dev/dl"
install_packages
install_toolchain
take_target
