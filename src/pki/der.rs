//! The few lines of DER that no crate offers: exchanging the names inside a signed certificate.
//! rcgen keeps a name in a map, so a second OU or DC is lost; the CA's own bytes are put in instead.

/// One element: the whole of it, its contents, and what follows.
pub(super) struct Element<'a> {
    pub whole: &'a [u8],
    pub tag: u8,
    pub body: &'a [u8],
    pub rest: &'a [u8],
}

/// Reads the first element; `None` when the bytes end early or the length is not DER.
pub(super) fn take(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, after) = bytes.split_first()?;
    let (&first, after) = after.split_first()?;
    let (length, after) = if first < 0x80 {
        (usize::from(first), after)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, after) = after.split_at_checked(count)?;
        (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), after)
    };
    let (body, rest) = after.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len() - rest.len())?;
    Some(Element { whole, tag, body, rest })
}

/// Writes one element.
pub(super) fn wrap(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = body.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    match digits.as_slice() {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(0));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(body);
    out
}

/// The contents of the BIT STRING in a SubjectPublicKeyInfo, without the count of unused bits.
pub(super) fn public_key_bits(spki: &[u8]) -> Option<&[u8]> {
    let algorithm = take(take(spki)?.body)?;
    take(algorithm.rest)?.body.get(1..)
}

/// Whether an EC key's SubjectPublicKeyInfo names its curve, instead of writing its parameters out;
/// OpenSSL 3 reads such a key as the named curve, other verifiers refuse the certificate.
pub(super) fn names_curve(spki: &[u8]) -> bool {
    let parameters = || take(take(take(take(spki)?.body)?.body)?.rest);
    parameters().is_some_and(|parameters| parameters.tag == 0x06)
}

/// A certificate taken apart: its TBS part with other names, and the signature algorithm.
pub(super) struct Renamed {
    pub tbs: Vec<u8>,
    algorithm: Vec<u8>,
}

impl Renamed {
    /// Puts `issuer` and `subject` (whole DER names) in the place of those in `certificate`.
    pub fn new(certificate: &[u8], issuer: &[u8], subject: &[u8]) -> Option<Self> {
        let tbs = take(take(certificate)?.body)?;
        let algorithm = take(tbs.rest)?.whole.to_vec();
        let version = take(tbs.body)?;
        let serial = take(version.rest)?;
        let inner_algorithm = take(serial.rest)?;
        let validity = take(take(inner_algorithm.rest)?.rest)?;
        let after = take(validity.rest)?.rest;
        let parts =
            [version.whole, serial.whole, inner_algorithm.whole, issuer, validity.whole, subject, after];
        Some(Self { tbs: wrap(0x30, &parts.concat()), algorithm })
    }

    /// The certificate again, with the signature over `tbs`.
    pub fn signed(&self, signature: &[u8]) -> Vec<u8> {
        let bits = [&[0_u8][..], signature].concat();
        wrap(0x30, &[&self.tbs[..], &self.algorithm, &wrap(0x03, &bits)].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::{take, wrap};

    #[test]
    fn reads_back_every_length_form() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let body = vec![7; length];
            let written = wrap(0x04, &body);
            let read = take(&written).unwrap();
            assert_eq!((read.tag, read.body, read.rest.len()), (0x04, &body[..], 0), "{length}");
        }
    }

    #[test]
    fn refuses_what_ends_early() {
        for bytes in
            [&[][..], &[0x30], &[0x30, 2, 1], &[0x30, 0x82, 1], &[0x30, 0x80, 0, 0], &[0x30, 0x89, 1]]
        {
            assert!(take(bytes).is_none(), "{bytes:?}");
        }
    }
}
