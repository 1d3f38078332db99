//! Makes the text of our own kubeconfig files and says how a merge is done with kubectl. It writes no
//! file and runs nothing: the text goes to whoever puts files, the commands to whoever runs them.

use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, context};
use zeroize::Zeroizing;

use super::kubeconfig::{Kubeconfig, Material};

const TEMPLATE: &str = include_str!("../../assets/kubeconfig/kubeconfig.yaml");

/// One cluster, one user, one context.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Cluster entry name.
    pub cluster: String,
    /// User entry name.
    pub user: String,
    /// Context name; it becomes the file's current one.
    pub context: String,
    /// API address; the kubelet of Kubernetes 1.2 may get it by flag instead.
    pub server: Option<String>,
    /// CA certificate.
    pub ca: Material,
    /// Client certificate.
    pub cert: Material,
    /// Its key.
    pub key: Material,
}

/// The text could not be made, or reads back as something else.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A path is not UTF-8 or holds a control character.
    #[error("{0} cannot be written into a kubeconfig")]
    BadText(&'static str),
    /// The template is broken.
    #[error("the kubeconfig template is broken")]
    Template(#[source] minijinja::Error),
    /// What was made does not read back as what was meant.
    #[error("the kubeconfig made does not read back as meant: {0}")]
    NotSame(String),
    /// kubectl takes certificates from files only.
    #[error("kubectl merges certificates from files, not from data")]
    NeedsFiles,
}

impl Contents {
    /// As the post names things on a worker: cluster `local`, the user, context `<user>-context`.
    pub fn worker(user: &str, server: Option<&str>, ca: &str, cert: &str, key: &str) -> Self {
        let file = |path: &str| Material::File(path.into());
        Self {
            cluster: "local".to_owned(),
            user: user.to_owned(),
            context: format!("{user}-context"),
            server: server.map(str::to_owned),
            ca: file(ca),
            cert: file(cert),
            key: file(key),
        }
    }

    /// The file's text, read back and compared. It holds the key when that is data.
    pub fn text(&self) -> Result<Zeroizing<String>, WriteError> {
        let text = self.render()?;
        // Paths are compared as written: relative ones must stay so.
        let wrong = |why: &str| WriteError::NotSame(why.to_owned());
        let back = Kubeconfig::parse(&text, Path::new("")).map_err(|error| wrong(&error.to_string()))?;
        let target = back.find(None).map_err(|error| wrong(&error.to_string()))?;
        let names = (&target.cluster, &target.user, &target.context, &target.server);
        if names != (&self.cluster, &self.user, &self.context, &self.server) {
            return Err(wrong("a name or the server differs"));
        }
        let materials = [(&target.ca, &self.ca), (&target.cert, &self.cert), (&target.key, &self.key)];
        if materials.iter().any(|(back, meant)| back.as_ref() != Some(*meant)) {
            return Err(wrong("a certificate or key differs"));
        }
        Ok(text)
    }

    fn render(&self) -> Result<Zeroizing<String>, WriteError> {
        let mut cluster_fields = vec![field("certificate-authority", &self.ca)?];
        if let Some(server) = &self.server {
            cluster_fields.push(context! { key => "server", value => quoted(server, "the server")? });
        }
        let user_fields = [field("client-certificate", &self.cert)?, field("client-key", &self.key)?];
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_keep_trailing_newline(true);
        let values = context! {
            cluster => quoted(&self.cluster, "the cluster's name")?,
            user => quoted(&self.user, "the user's name")?,
            context => quoted(&self.context, "the context's name")?,
            cluster_fields, user_fields,
        };
        // An unnamed template is not escaped; its values are JSON strings, which YAML 1.1 and 1.2 read alike.
        env.render_str(TEMPLATE, values).map(Zeroizing::new).map_err(WriteError::Template)
    }

    /// The `kubectl config` calls that merge this into a kubeconfig (`None` = kubectl's own). The current
    /// context stays unless `switch`. kubectl drops comments and fields it does not know.
    pub fn merge_commands(&self, file: Option<&Path>, switch: bool) -> Result<Vec<Vec<String>>, WriteError> {
        let path = |material: &Material| match material {
            Material::File(path) => path.to_str().map(str::to_owned).ok_or(WriteError::BadText("a path")),
            Material::Data(_) => Err(WriteError::NeedsFiles),
        };
        let mut base = vec!["kubectl".to_owned(), "config".to_owned()];
        if let Some(file) = file {
            let file = file.to_str().ok_or(WriteError::BadText("the kubeconfig's path"))?;
            base.push(format!("--kubeconfig={file}"));
        }
        let call = |words: &[String]| [base.as_slice(), words].concat();
        let mut cluster = vec!["set-cluster".to_owned(), self.cluster.clone()];
        cluster.extend(self.server.as_ref().map(|server| format!("--server={server}")));
        cluster.push(format!("--certificate-authority={}", path(&self.ca)?));
        let user = [
            "set-credentials".to_owned(),
            self.user.clone(),
            format!("--client-certificate={}", path(&self.cert)?),
            format!("--client-key={}", path(&self.key)?),
        ];
        let context = [
            "set-context".to_owned(),
            self.context.clone(),
            format!("--cluster={}", self.cluster),
            format!("--user={}", self.user),
        ];
        let mut out = vec![call(&cluster), call(&user), call(&context)];
        if switch {
            out.push(call(&["use-context".to_owned(), self.context.clone()]));
        }
        Ok(out)
    }
}

fn field(key: &str, material: &Material) -> Result<minijinja::Value, WriteError> {
    Ok(match material {
        Material::File(path) => {
            let path = path.to_str().ok_or(WriteError::BadText("a path"))?;
            context! { key => key, value => quoted(path, "a path")? }
        }
        Material::Data(data) => {
            let data = Zeroizing::new(openssl::base64::encode_block(data));
            context! { key => format!("{key}-data"), value => quoted(&data, "a certificate")? }
        }
    })
}

fn quoted(text: &str, what: &'static str) -> Result<String, WriteError> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(WriteError::BadText(what));
    }
    serde_json::to_string(text).map_err(|_| WriteError::BadText(what))
}
