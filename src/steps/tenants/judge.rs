//! Who may have what: one name has one tenant.

use super::{
    pipeline::Packed,
    problems::{self, Others},
    resources::Resources,
    seen::BindingSeen,
};
use crate::model::config::Config;
use std::collections::BTreeMap;

/// Finds what is wrong with each of them. What has no good name has no parts either: whatever is called so is not its own.
pub(super) fn judge(resources: &mut Resources, config: &Config) {
    for organization in &mut resources.organizations {
        let misnamed = problems::of_organization_name(&organization.resource, config);
        organization.holds_name = misnamed.is_none();
        organization.problem = misnamed.or_else(|| problems::of_organization(&organization.spec));
    }
    let judged: Vec<_> = {
        let mut others = Others {
            given: &resources.given,
            holders: BTreeMap::new(),
            organizations: BTreeMap::new(),
        };
        for organization in &resources.organizations {
            if organization.resource.at.namespace.as_deref() == Some(config.namespaces.platform.as_str()) {
                let problem = organization.problem.as_ref();
                others
                    .organizations
                    .insert(&organization.resource.at.name, (&organization.resource, problem));
            }
        }
        for binding in &resources.bindings {
            if problems::may_hold(
                &binding.resource,
                &binding.spec,
                &resources.given,
                &config.namespaces,
            ) {
                others
                    .holders
                    .entry(&binding.spec.pipeline_name)
                    .or_insert(&binding.resource);
            }
        }
        let holds = |binding: &BindingSeen| {
            let holder = others.holders.get(binding.spec.pipeline_name.as_str());
            holder.is_some_and(|holder| holder.owner == binding.resource.owner)
        };
        let judge = |binding: &BindingSeen| {
            let verdict = problems::of_binding(&binding.resource, &binding.spec, &others, config);
            (holds(binding), verdict.map(|pipeline| Packed::of(&pipeline)))
        };
        resources.bindings.iter().map(judge).collect()
    };
    for (binding, (is_holder, verdict)) in resources.bindings.iter_mut().zip(judged) {
        binding.is_elevated = problems::is_elevated(&binding.spec, config);
        match verdict {
            Ok(pipeline) => binding.pipeline = pipeline,
            Err(problem) => binding.problem = Some(problem),
        }
        binding.holds_name = is_holder;
        // It is not needed any more, and is the longest of the specification.
        binding.spec.pipeline_spec = String::new();
    }
}
