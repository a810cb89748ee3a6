//! The `aphex-ops` command.

fn main() -> std::process::ExitCode {
    aphex_ops::cli::main()
}
