//! Reading and writing objects of the kinds that we install, as JSON values.
//!
//! Their URLs come from [`crate::model::kind`], so that nothing is asked for but the objects themselves.

use super::{Cluster, events, triage};
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    kind::{Address, EVENT, Kind},
    names,
    object::ObjectRef,
};
use futures::{Stream, TryStreamExt, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use kube::{
    Api, Resource,
    api::{
        ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
        PropagationPolicy, Request,
    },
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Objects in one answer of the server.
const PAGE: u32 = 500;

/// What of an object is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but its status.
    Whole,
    /// Its status.
    Status,
}

impl Cluster {
    /// The object with its `managedFields`, or `None` if it does not exist. Always consistent.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub async fn find(&self, at: &Address) -> Result<Option<Value>, Failure> {
        let found = self
            .dynamic(&at.kind, at.namespace.as_deref())
            .get_opt(&at.name)
            .await;
        match found {
            Ok(None) => Ok(None),
            Ok(Some(found)) => answered(at, Ok(found)).map(Some),
            Err(error) => answered(at, Err(error)).map(Some),
        }
    }

    /// All objects of a kind that carry the labels, in one namespace or in all. Always consistent and complete.
    ///
    /// # Errors
    /// A [`Failure`] about the collection.
    pub async fn find_all(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<Vec<Value>, Failure> {
        self.find_pages(kind, namespace, labels).try_concat().await
    }

    /// The same of one namespace, as it was a moment ago: from the API server's memory, which may take a tenth of a second
    /// to make sure that it is up to date.
    ///
    /// # Errors
    /// A [`Failure`] about the collection.
    pub async fn glance(&self, kind: &Kind, namespace: &str, labels: &str) -> Result<Vec<Value>, Failure> {
        let any = ListParams::default().labels(labels).match_any();
        let about = ObjectRef::global(kind.name.as_ref(), labels);
        let (items, _) = self.page(kind, Some(namespace), &any, about).await?;
        Ok(items)
    }

    /// The last Events about this very object, of the core group and at most a page of them.
    ///
    /// # Errors
    /// A [`Failure`] about the Events.
    pub async fn events_about(&self, at: &Address, uid: &str) -> Result<Vec<Value>, Failure> {
        let about = format!("involvedObject.uid={uid}");
        let page = ListParams::default().fields(&about).limit(PAGE);
        let namespace = at.namespace.as_deref().unwrap_or(events::CLUSTER_SCOPED);
        let (items, _) = self.page(&EVENT, Some(namespace), &page, at.object()).await?;
        Ok(items)
    }

    /// The same as [`Cluster::find_all`] page by page, for callers that need not have all of them at once.
    ///
    /// # Errors
    /// In the place of a page, a [`Failure`] about the collection.
    pub fn find_pages<'a>(
        &self,
        kind: &'a Kind,
        namespace: Option<&str>,
        labels: &'a str,
    ) -> impl Stream<Item = Result<Vec<Value>, Failure>> + 'a {
        self.pages(kind, namespace, ListParams::default().labels(labels), labels)
    }

    /// The objects of a kind that have this name, in all namespaces, page by page: a permission by name suffices for it.
    ///
    /// # Errors
    /// In the place of a page, a [`Failure`] about the collection.
    pub fn find_named_pages<'a>(
        &self,
        kind: &'a Kind,
        name: &'a str,
    ) -> impl Stream<Item = Result<Vec<Value>, Failure>> + 'a {
        let selected = ListParams::default().fields(&format!("metadata.name={name}"));
        self.pages(kind, None, selected, name)
    }

    fn pages<'a>(
        &self,
        kind: &'a Kind,
        namespace: Option<&str>,
        selected: ListParams,
        what: &'a str,
    ) -> impl Stream<Item = Result<Vec<Value>, Failure>> + use<'a> {
        let cluster = self.clone();
        let namespace = namespace.map(str::to_owned);
        let first = selected.limit(PAGE);
        stream::try_unfold(Some(first), move |page| {
            let (cluster, namespace) = (cluster.clone(), namespace.clone());
            async move {
                let Some(page) = page else { return Ok(None) };
                let about = ObjectRef::global(kind.name.as_ref(), what);
                let (items, next) = cluster.page(kind, namespace.as_deref(), &page, about).await?;
                Ok(Some((items, next.map(|token| page.continue_token(&token)))))
            }
        })
    }

    /// One answer of the server, and where the next one goes on.
    async fn page(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selected: &ListParams,
        about: ObjectRef,
    ) -> Result<(Vec<Value>, Option<String>), Failure> {
        let request = Request::new(DynamicObject::url_path(&resource(kind), namespace)).list(selected);
        let list = match request.map_err(kube::Error::BuildRequest) {
            Ok(request) => self.client.request::<List>(request).await,
            Err(error) => Err(error),
        };
        let list = list.map_err(|error| triage::failure(error, &about))?;
        if !list.kind.ends_with("List") {
            let message = "the answer is not a list";
            return Err(Failure::new(Exit::Transient, Reason::InvalidAnswer, message).on(about));
        }
        let items = list.items.into_iter().flatten();
        let items = items.map(|item| with_kind(Value::Object(item), kind));
        let next = list.metadata.continue_.filter(|token| !token.is_empty());
        Ok((items.collect(), next))
    }

    /// Server-side apply under our field manager; conflicts are not forced, unknown fields are refused. With a uid, only to
    /// this very object: not to one that was made anew meanwhile, and none is made. The object as it is then.
    ///
    /// # Errors
    /// A [`Failure`] about that object; a field of another manager is [`Reason::FieldConflict`].
    pub async fn apply(&self, at: &Address, body: &Value, uid: Option<&str>) -> Result<Value, Failure> {
        let parameters = PatchParams::apply(names::PRODUCT);
        answered(at, self.send(&parameters, at, body, uid).await)
    }

    /// As [`Cluster::apply`], but what these field managers own of it is taken from them. Nothing is taken from anybody
    /// else: it is decided and done on one and the same version of the object.
    ///
    /// # Errors
    /// As those of [`Cluster::apply`].
    pub async fn apply_over(
        &self,
        managers: &[String],
        at: &Address,
        body: &Value,
        uid: Option<&str>,
    ) -> Result<Value, Failure> {
        let parameters = PatchParams::apply(names::PRODUCT);
        let conflict = match self.send(&parameters, at, body, uid).await {
            Err(error) if triage::is_conflict_with(&error, managers) => error,
            answer => return answered(at, answer),
        };
        let Some(live) = self.find(at).await? else {
            return answered(at, Err(conflict));
        };
        let mut body = body.clone();
        body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
        let dry_run = PatchParams {
            dry_run: true,
            ..parameters.clone()
        };
        match self.send(&dry_run, at, &body, uid).await {
            Err(error) if triage::is_conflict_with(&error, managers) => {
                let forced = self.send(&parameters.force(), at, &body, uid).await;
                answered(at, forced)
            }
            Err(error) => answered(at, Err(error)),
            Ok(_) => answered(at, self.send(&parameters, at, &body, uid).await),
        }
    }

    /// As [`Cluster::apply`], but whatever field manager is in the way loses its fields: for what is ours by its labels,
    /// where anybody else's change is drift.
    ///
    /// # Errors
    /// As those of [`Cluster::apply`], without conflicts.
    pub async fn apply_forced(
        &self,
        at: &Address,
        body: &Value,
        uid: Option<&str>,
    ) -> Result<Value, Failure> {
        let parameters = PatchParams::apply(names::PRODUCT).force();
        answered(at, self.send(&parameters, at, body, uid).await)
    }

    /// Puts this in the place of the object; `metadata.resourceVersion` in it is the precondition.
    ///
    /// # Errors
    /// A [`Failure`] about that object; a change by somebody else meanwhile is a transient conflict.
    pub async fn replace(&self, at: &Address, body: Value) -> Result<Value, Failure> {
        let object: DynamicObject = serde_json::from_value(body).map_err(|error| {
            Failure::new(Exit::Bug, Reason::Unexpected, "an object of ours is malformed").caused_by(error)
        })?;
        let parameters = PostParams {
            field_manager: Some(names::PRODUCT.to_owned()),
            ..PostParams::default()
        };
        let api = self.dynamic(&at.kind, at.namespace.as_deref());
        answered(at, api.replace(&at.name, &parameters, &object).await)
    }

    /// JSON merge patch (RFC 7396) of the object, or of its status. With a version in it, only if nobody has changed it since.
    ///
    /// # Errors
    /// A [`Failure`] about that object.
    pub async fn merge_into(&self, at: &Address, part: Part, body: &Value) -> Result<Value, Failure> {
        let parameters = PatchParams {
            field_manager: Some(names::PRODUCT.to_owned()),
            ..PatchParams::default()
        };
        let api = self.dynamic(&at.kind, at.namespace.as_deref());
        let patch = Patch::Merge(body);
        let answer = match part {
            Part::Whole => api.patch(&at.name, &parameters.validation_strict(), &patch).await,
            Part::Status => {
                api.patch_status(&at.name, &parameters.validation_strict(), &patch)
                    .await
            }
        };
        answered(at, answer)
    }

    /// What [`Cluster::apply`] would answer; nothing is changed. `None` if only these managers are in the way, so that
    /// [`Cluster::apply_over`] would change something.
    ///
    /// # Errors
    /// As those of [`Cluster::apply`].
    pub async fn try_apply(
        &self,
        managers: &[String],
        at: &Address,
        body: &Value,
        uid: Option<&str>,
    ) -> Result<Option<Value>, Failure> {
        let parameters = PatchParams {
            dry_run: true,
            ..PatchParams::apply(names::PRODUCT)
        };
        match self.send(&parameters, at, body, uid).await {
            Err(error) if triage::is_conflict_with(&error, managers) => Ok(None),
            answer => answered(at, answer).map(Some),
        }
    }

    async fn send(
        &self,
        parameters: &PatchParams,
        at: &Address,
        body: &Value,
        uid: Option<&str>,
    ) -> Result<DynamicObject, kube::Error> {
        let mut body = Cow::Borrowed(body);
        if let Some(uid) = uid {
            body.to_mut()["metadata"]["uid"] = uid.into();
        }
        let api = self.dynamic(&at.kind, at.namespace.as_deref());
        let parameters = parameters.clone().validation_strict();
        api.patch(&at.name, &parameters, &Patch::Apply(&*body)).await
    }

    /// Whether the server answers for a kind.
    ///
    /// # Errors
    /// A [`Failure`] about the collection, other than that it is not there.
    pub async fn is_served(&self, kind: &Kind) -> Result<bool, Failure> {
        match self
            .dynamic(kind, None)
            .list_metadata(&ListParams::default().limit(1))
            .await
        {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(error) => Err(triage::failure(error, &ObjectRef::global(kind.name.as_ref(), ""))),
        }
    }

    /// Deletes this very object, and in the background what it owns; one that is gone already is no error. With a
    /// version, only if nobody has changed it since.
    ///
    /// # Errors
    /// A [`Failure`] about that object; another one in its place is a transient conflict.
    pub async fn delete(&self, at: &Address, uid: &str, version: Option<&str>) -> Result<(), Failure> {
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: version.map(str::to_owned),
            }),
            ..DeleteParams::default()
        };
        let api = self.dynamic(&at.kind, at.namespace.as_deref());
        match api.delete(&at.name, &parameters).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(triage::failure(error, &at.object())),
        }
    }

    /// The objects of a kind: of one namespace, or of all.
    pub(super) fn dynamic(&self, kind: &Kind, namespace: Option<&str>) -> Api<DynamicObject> {
        let resource = resource(kind);
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }
}

/// A page of objects as they came: a large part of a run's time goes into reading them, and typed ones take twice that.
#[derive(Deserialize)]
struct List {
    kind: String,
    #[serde(default)]
    metadata: ListMeta,
    items: Option<Vec<Map<String, Value>>>,
}

fn resource(kind: &Kind) -> ApiResource {
    ApiResource {
        group: kind.group.to_string(),
        version: kind.version.to_string(),
        api_version: kind.api_version(),
        kind: kind.name.to_string(),
        plural: kind.plural.to_string(),
    }
}

/// What was answered about an object, if it is that object: something between us and the server may answer for it.
fn answered(at: &Address, answer: Result<DynamicObject, kube::Error>) -> Result<Value, Failure> {
    let object = answer.map_err(|error| triage::failure(error, &at.object()))?;
    let is_kind = object
        .types
        .as_ref()
        .is_some_and(|types| types.kind == *at.kind.name && types.api_version == at.kind.api_version());
    if !is_kind || object.metadata.name.as_ref() != Some(&at.name) {
        let message = "the answer is not about this object";
        return Err(Failure::new(Exit::Transient, Reason::InvalidAnswer, message).on(at.object()));
    }
    serde_json::to_value(object).map_err(|error| {
        Failure::new(Exit::Bug, Reason::Unexpected, "an object cannot be kept as JSON").caused_by(error)
    })
}

/// The items of a list carry no apiVersion and kind of their own.
fn with_kind(mut object: Value, kind: &Kind) -> Value {
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.name.as_ref().into();
    object
}
