//! The order of kinds inside a wave.

const CORE: &str = "";
const APPS: &str = "apps";
const BATCH: &str = "batch";
const RBAC: &str = "rbac.authorization.k8s.io";
const NETWORKING: &str = "networking.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// First to last; [`LAST`] come after all kinds that are not named.
const FIRST: [(&str, &str); 29] = [
    (CORE, "Namespace"),
    ("scheduling.k8s.io", "PriorityClass"),
    (NETWORKING, "NetworkPolicy"),
    (CORE, "ResourceQuota"),
    (CORE, "LimitRange"),
    ("policy", "PodDisruptionBudget"),
    (CORE, "ServiceAccount"),
    (CORE, "Secret"),
    (CORE, "ConfigMap"),
    (STORAGE, "StorageClass"),
    (CORE, "PersistentVolume"),
    (CORE, "PersistentVolumeClaim"),
    super::CRD,
    (RBAC, "ClusterRole"),
    (RBAC, "ClusterRoleBinding"),
    (RBAC, "Role"),
    (RBAC, "RoleBinding"),
    (CORE, "Service"),
    (APPS, "DaemonSet"),
    (CORE, "Pod"),
    (APPS, "ReplicaSet"),
    (APPS, "Deployment"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    (APPS, "StatefulSet"),
    (BATCH, "Job"),
    (BATCH, "CronJob"),
    (NETWORKING, "IngressClass"),
    (NETWORKING, "Ingress"),
    ("apiregistration.k8s.io", "APIService"),
];

/// A webhook with `failurePolicy: Fail` could block what it waits for.
const LAST: [(&str, &str); 2] = [
    (ADMISSION, "MutatingWebhookConfiguration"),
    (ADMISSION, "ValidatingWebhookConfiguration"),
];

/// The place of a kind among all: kinds that the list does not name share one, before the webhooks.
#[must_use]
pub fn rank(group: &str, kind: &str) -> usize {
    let place = |list: &[(&str, &str)]| list.iter().position(|known| *known == (group, kind));
    match (place(&FIRST), place(&LAST)) {
        (Some(place), _) => place,
        (None, None) => FIRST.len(),
        (None, Some(place)) => FIRST.len() + 1 + place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_places() {
        let order = [
            ("", "Namespace"),
            ("", "ServiceAccount"),
            ("", "Secret"),
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
            ("", "Service"),
            ("apps", "Deployment"),
            ("batch", "Job"),
            ("networking.k8s.io", "Ingress"),
            ("apiregistration.k8s.io", "APIService"),
            ("cert-manager.io", "Certificate"),
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ];
        assert!(order.is_sorted_by(|before, after| rank(before.0, before.1) < rank(after.0, after.1)));
        // A kind of that name in another group is another kind.
        assert_eq!(
            rank("batch.volcano.sh", "Job"),
            rank("cert-manager.io", "Certificate")
        );
    }
}
