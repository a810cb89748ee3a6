//! The Go programs of the cluster and of what runs on it.

use super::module::Module;

/// A program that the rig compiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// The key-value store under the API server.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// The built-in controllers.
    KubeControllerManager,
    /// Binds pods to nodes.
    KubeScheduler,
    /// Services as iptables rules.
    KubeProxy,
    /// Runs pods.
    Kubelet,
    /// For people who look into a sandbox; the rig itself does not use it.
    Kubectl,
    /// The identity provider under test.
    Dex,
    /// Names in the cluster.
    CoreDns,
    /// Fake nodes.
    Kwok,
    /// Makes Pods of TaskRuns.
    TektonController,
    /// Runs each step of a Task within its container.
    TektonEntrypoint,
    /// Tells the world what Tekton's runs do.
    TektonEvents,
    /// Ends sidecars.
    TektonNop,
    /// Fetches Tasks and Pipelines from elsewhere.
    TektonResolvers,
    /// Hands large results over through logs.
    TektonSidecarLogResults,
    /// Checks and converts Tekton's objects.
    TektonWebhook,
    /// Makes the working folders of steps.
    TektonWorkingDirInit,
    /// Makes a Deployment of each EventListener.
    TriggersController,
    /// What such a Deployment runs.
    TriggersEventListenerSink,
    /// The built-in interceptors.
    TriggersInterceptors,
    /// Checks the objects of Tekton Triggers.
    TriggersWebhook,
    /// All of Argo CD: its file name decides what it is.
    ArgoCd,
    /// Benchmarks compare with it.
    Helm,
}

impl Program {
    /// Module, file name, Go package.
    const fn source(self) -> (Module, &'static str, &'static str) {
        use Module::{ArgoCd, CoreDns, Dex, Helm, Kubernetes, Kwok, Tekton, Triggers};
        match self {
            Self::Etcd => (Kubernetes, "etcd", "go.etcd.io/etcd/server/v3"),
            Self::KubeApiserver => (
                Kubernetes,
                "kube-apiserver",
                "k8s.io/kubernetes/cmd/kube-apiserver",
            ),
            Self::KubeControllerManager => (
                Kubernetes,
                "kube-controller-manager",
                "k8s.io/kubernetes/cmd/kube-controller-manager",
            ),
            Self::KubeScheduler => (
                Kubernetes,
                "kube-scheduler",
                "k8s.io/kubernetes/cmd/kube-scheduler",
            ),
            Self::KubeProxy => (Kubernetes, "kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
            Self::Kubelet => (Kubernetes, "kubelet", "k8s.io/kubernetes/cmd/kubelet"),
            Self::Kubectl => (Kubernetes, "kubectl", "k8s.io/kubernetes/cmd/kubectl"),
            Self::Dex => (Dex, "dex", "github.com/dexidp/dex/cmd/dex"),
            Self::CoreDns => (CoreDns, "coredns", "github.com/coredns/coredns"),
            Self::Kwok => (Kwok, "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
            Self::TektonController => (
                Tekton,
                "tekton-controller",
                "github.com/tektoncd/pipeline/cmd/controller",
            ),
            Self::TektonEntrypoint => (
                Tekton,
                "tekton-entrypoint",
                "github.com/tektoncd/pipeline/cmd/entrypoint",
            ),
            Self::TektonEvents => (Tekton, "tekton-events", "github.com/tektoncd/pipeline/cmd/events"),
            Self::TektonNop => (Tekton, "tekton-nop", "github.com/tektoncd/pipeline/cmd/nop"),
            Self::TektonResolvers => (
                Tekton,
                "tekton-resolvers",
                "github.com/tektoncd/pipeline/cmd/resolvers",
            ),
            Self::TektonSidecarLogResults => (
                Tekton,
                "tekton-sidecarlogresults",
                "github.com/tektoncd/pipeline/cmd/sidecarlogresults",
            ),
            Self::TektonWebhook => (
                Tekton,
                "tekton-webhook",
                "github.com/tektoncd/pipeline/cmd/webhook",
            ),
            Self::TektonWorkingDirInit => (
                Tekton,
                "tekton-workingdirinit",
                "github.com/tektoncd/pipeline/cmd/workingdirinit",
            ),
            Self::TriggersController => (
                Triggers,
                "triggers-controller",
                "github.com/tektoncd/triggers/cmd/controller",
            ),
            Self::TriggersEventListenerSink => (
                Triggers,
                "triggers-eventlistenersink",
                "github.com/tektoncd/triggers/cmd/eventlistenersink",
            ),
            Self::TriggersInterceptors => (
                Triggers,
                "triggers-interceptors",
                "github.com/tektoncd/triggers/cmd/interceptors",
            ),
            Self::TriggersWebhook => (
                Triggers,
                "triggers-webhook",
                "github.com/tektoncd/triggers/cmd/webhook",
            ),
            Self::Helm => (Helm, "helm", "helm.sh/helm/v4/cmd/helm"),
            Self::ArgoCd => (ArgoCd, "argocd", "github.com/argoproj/argo-cd/v3/cmd"),
        }
    }

    pub(super) const fn module(self) -> Module {
        self.source().0
    }

    /// The file name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.source().1
    }

    pub(crate) const fn package(self) -> &'static str {
        self.source().2
    }
}
