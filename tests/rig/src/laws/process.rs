//! What `/proc` says of a running process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::proxy::kill::can_run;

/// Between two looks at the memory of a process.
const SAMPLING: Duration = Duration::from_millis(10);

/// A file that is not empty while the process runs. Right after its start it is for a moment: execve(2) reports
/// success before it has laid out the new arguments and environment. Empty also if it may not be read.
pub(super) async fn filled(pid: u32, file: &str) -> Vec<u8> {
    for _ in 0..100 {
        match std::fs::read(format!("/proc/{pid}/{file}")) {
            Ok(bytes) if bytes.is_empty() && can_run(pid) => {
                tokio::time::sleep(Duration::from_millis(1)).await
            }
            result => return result.unwrap_or_default(),
        }
    }
    Vec::new()
}

/// Watches the peak resident memory of a process. The kernel keeps the peak itself, so that only growth after the
/// last look is missed.
pub(super) struct Peak {
    kib: Arc<AtomicU64>,
    watching: JoinHandle<()>,
}

impl Peak {
    pub(super) fn watch(pid: u32) -> Self {
        let kib = Arc::new(AtomicU64::new(0));
        let seen = kib.clone();
        let watching = tokio::spawn(async move {
            while let Some(peak) = std::fs::read(format!("/proc/{pid}/status"))
                .ok()
                .as_deref()
                .and_then(high_water_mark)
            {
                seen.store(peak, Ordering::Relaxed);
                tokio::time::sleep(SAMPLING).await;
            }
        });
        Self { kib, watching }
    }

    pub(super) fn kib(&self) -> Option<u64> {
        Some(self.kib.load(Ordering::Relaxed)).filter(|kib| *kib > 0)
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// `VmHWM` of proc_pid_status(5); a zombie has none.
fn high_water_mark(status: &[u8]) -> Option<u64> {
    let status = String::from_utf8_lossy(status);
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_and_a_zombie_has_none() {
        assert_eq!(
            high_water_mark(b"Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n"),
            Some(1234)
        );
        assert_eq!(high_water_mark(b"Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
