//! The ways in which a certificate is not what we want, each in one sentence and with its code.

use std::fmt;

use jiff::Timestamp;

use super::dates::day;
use crate::plan::code::ProblemCode;

/// One way in which a certificate is not what we want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateDifference {
    /// No certificate can be read.
    Unreadable,
    /// Not one certificate.
    Count(usize),
    /// Not version 3.
    Version(u32),
    /// Issued by another CA.
    OtherIssuer {
        /// The issuer in the certificate.
        theirs: String,
        /// Our CA's subject.
        ours: String,
    },
    /// Names our CA, but its key did not sign it.
    SignatureBad,
    /// Signed over MD5 or SHA-1.
    WeakHash(String),
    /// For another key.
    OtherKey {
        /// SHA-256 of its public key.
        is: String,
        /// SHA-256 of the wanted one.
        want: String,
    },
    /// Another subject.
    Subject {
        /// In the certificate.
        is: String,
        /// As planned.
        want: String,
    },
    /// Other alternative names.
    San {
        /// Wanted, not there.
        missing: Vec<String>,
        /// There, not wanted.
        extra: Vec<String>,
    },
    /// Another key usage or extended key usage.
    Usage {
        /// In the certificate.
        is: String,
        /// As planned.
        want: String,
    },
    /// It is, or may be, a CA.
    IsCa,
    /// A critical extension that not every verifier knows, by number.
    Extension(String),
    /// Starts later than now.
    NotYetValid {
        /// Its start.
        when: Timestamp,
    },
    /// Past its end.
    Expired {
        /// Its end.
        when: Timestamp,
    },
    /// Ends soon.
    ExpiresSoon {
        /// Whole days left.
        days: i64,
    },
    /// Ends at another time than wished.
    End {
        /// In the certificate.
        is: Timestamp,
        /// Counted from the days asked for, cut at the CA's end.
        want: Timestamp,
    },
    /// Ends after its CA.
    OutlivesCa {
        /// Its end.
        is: Timestamp,
        /// The CA's end.
        ca: Timestamp,
    },
    /// Zero, negative or too long.
    Serial,
}

impl CertificateDifference {
    /// The stable code shown beside the text.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Unreadable => ProblemCode::Cert01,
            Self::Count(_) => ProblemCode::Cert02,
            Self::Version(_) | Self::Extension(_) | Self::Serial => ProblemCode::Cert03,
            Self::OtherIssuer { .. } => ProblemCode::Cert04,
            Self::SignatureBad => ProblemCode::Cert05,
            Self::WeakHash(_) => ProblemCode::Cert06,
            Self::OtherKey { .. } => ProblemCode::Cert07,
            Self::Subject { .. } => ProblemCode::Cert08,
            Self::San { .. } => ProblemCode::Cert09,
            Self::Usage { .. } => ProblemCode::Cert10,
            Self::IsCa => ProblemCode::Cert11,
            Self::NotYetValid { .. } => ProblemCode::Cert12,
            Self::Expired { .. } => ProblemCode::Cert13,
            Self::ExpiresSoon { .. } => ProblemCode::Cert14,
            Self::End { .. } | Self::OutlivesCa { .. } => ProblemCode::Cert15,
        }
    }
}

impl fmt::Display for CertificateDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("it is not a readable certificate"),
            Self::Count(count) => write!(f, "there are {count} certificates instead of one"),
            Self::Version(version) => {
                write!(f, "it is an X.509 version {version} certificate, not version 3")
            }
            Self::OtherIssuer { theirs, ours } => {
                write!(f, "it was issued by \"{theirs}\", our CA is \"{ours}\"")
            }
            Self::SignatureBad => f.write_str("it names our CA, but our CA's key did not sign it"),
            Self::WeakHash(hash) => write!(f, "it is signed with {hash}, which is no longer accepted"),
            Self::OtherKey { is, want } => write!(f, "it is for the key {is}, ours is {want}"),
            Self::Subject { is, want } => write!(f, "its subject is \"{is}\" instead of \"{want}\""),
            Self::San { missing, extra } if extra.is_empty() => {
                write!(f, "it is not good for {}", missing.join(", "))
            }
            Self::San { missing, extra } if missing.is_empty() => {
                write!(f, "it is also good for {}", extra.join(", "))
            }
            Self::San { missing, extra } => {
                write!(f, "it is good for {} instead of {}", extra.join(", "), missing.join(", "))
            }
            Self::Usage { is, want } => write!(f, "its key usage is {is} instead of {want}"),
            Self::IsCa => f.write_str("it may be used as the certificate of a CA"),
            Self::Extension(id) => write!(f, "it has a critical extension {id}"),
            Self::NotYetValid { when } => write!(f, "it is not valid before {}", day(*when)),
            Self::Expired { when } => write!(f, "it expired on {}", day(*when)),
            Self::ExpiresSoon { days: 0 } => f.write_str("it expires within a day"),
            Self::ExpiresSoon { days: 1 } => f.write_str("it expires in 1 day"),
            Self::ExpiresSoon { days } => write!(f, "it expires in {days} days"),
            Self::End { is, want } => write!(f, "it expires on {} instead of {}", day(*is), day(*want)),
            Self::OutlivesCa { is, ca } => {
                write!(f, "it expires on {}, after its CA, which expires on {}", day(*is), day(*ca))
            }
            Self::Serial => f.write_str("its serial number is not a positive number of at most 20 bytes"),
        }
    }
}
