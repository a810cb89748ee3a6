//! The sandbox: a real Kubernetes cluster on this machine.
