//! Where an object of the API lies, read from its path: `/apis/apps/v1/namespaces/kube-system/deployments/coredns`
//! is `coredns` among the `deployments` of the namespace `kube-system`. It is for showing; nothing is sent by it.

/// An object's place in the API, in kubectl's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPath {
    /// Its namespace; a node and a cluster role have none.
    pub namespace: Option<String>,
    /// What its kind is called in paths, and what kubectl takes: `deployments`.
    pub resource: String,
    /// Its name.
    pub name: String,
}

impl ObjectPath {
    /// Reads an API path; `None` when it is not one of an object.
    pub fn read(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        match parts.next()? {
            "api" => parts.next()?,
            // A group has a name before its version.
            "apis" => parts.next().and_then(|_| parts.next())?,
            _ => return None,
        };
        let parts: Vec<String> = parts.map(decoded).collect::<Option<_>>()?;
        let (namespace, resource, name) = match parts.as_slice() {
            [resource, name] => (None, resource, name),
            [spaces, namespace, resource, name] if spaces == "namespaces" => {
                (Some(namespace.clone()), resource, name)
            }
            _ => return None,
        };
        let whole = [namespace.as_ref(), Some(resource), Some(name)]
            .into_iter()
            .flatten()
            .all(|part| !part.is_empty());
        whole.then(|| Self { namespace, resource: resource.clone(), name: name.clone() })
    }

    /// The words after `kubectl` that delete it.
    pub fn delete(&self) -> Vec<&str> {
        let mut words = Vec::new();
        if let Some(namespace) = &self.namespace {
            words.extend(["--namespace", namespace.as_str()]);
        }
        words.extend(["delete", self.resource.as_str(), self.name.as_str()]);
        words
    }
}

/// A part of a path without its `%3A`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(*super::hex::decode(std::str::from_utf8(&digits).ok()?)?.first()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
