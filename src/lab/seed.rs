//! What a lab draws lots for: serials and keys. Drawn from a seed and a name, never in an order, so that the
//! same lab gives the same ones on every take, however its threads run. Good for a demo; never for a real key.

use std::collections::BTreeMap;

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::RsaPrivateKeyBuilder;
use openssl::sha::sha256;
use zeroize::Zeroizing;

use crate::pki::{NewKey, PkiError, Serial};

/// A number that one below this divides is no prime.
const SIEVE: u32 = 2_000;

/// Where keys, serials and names come from: the same seed gives the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    root: [u8; 32],
    drawn: BTreeMap<String, u64>,
}

impl Seed {
    /// From a number; `None` = from the operating system's randomness.
    pub fn new(number: Option<u64>) -> Result<Self, PkiError> {
        let mut root = [0; 32];
        match number {
            Some(number) => root = sha256(format!("gangplank lab {number}").as_bytes()),
            None => openssl::rand::rand_bytes(&mut root)?,
        }
        Ok(Self { root, drawn: BTreeMap::new() })
    }

    /// A seed for the next draw under a name.
    pub fn next(&mut self, name: &str) -> Draw {
        let count = self.drawn.entry(name.to_owned()).or_insert(0);
        *count = count.saturating_add(1);
        let mut text = self.root.to_vec();
        text.extend_from_slice(format!("{name} {count}").as_bytes());
        Draw { root: sha256(&text) }
    }
}

/// One draw; it gives the same each time it is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    root: [u8; 32],
}

impl Draw {
    /// So many bytes of the stream with this number.
    fn bytes(&self, stream: u32, count: usize) -> Zeroizing<Vec<u8>> {
        let mut all = Zeroizing::new(Vec::with_capacity(count.saturating_add(32)));
        let mut block = 0_u32;
        while all.len() < count {
            let mut text = self.root.to_vec();
            text.extend_from_slice(&stream.to_be_bytes());
            text.extend_from_slice(&block.to_be_bytes());
            all.extend_from_slice(&sha256(&text));
            block = block.saturating_add(1);
        }
        all.truncate(count);
        all
    }

    /// A certificate's serial.
    pub fn serial(&self) -> Serial {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(self.root.get(..16).unwrap_or(&[0; 16]));
        Serial::from_bytes(bytes)
    }

    /// A key, as PKCS#8 PEM.
    pub fn key(&self, kind: NewKey) -> Result<Zeroizing<String>, PkiError> {
        let key = match kind {
            NewKey::P256 => self.p256()?,
            NewKey::Rsa2048 => self.rsa()?,
        };
        let pem = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
        Ok(Zeroizing::new(String::from_utf8_lossy(&pem).into_owned()))
    }

    fn p256(&self) -> Result<PKey<Private>, ErrorStack> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let (mut order, mut context) = (BigNum::new()?, BigNumContext::new()?);
        group.order(&mut order, &mut context)?;
        order.sub_word(1)?;
        let (wide, mut number) = (BigNum::from_slice(&self.bytes(0, 40))?, BigNum::new()?);
        number.nnmod(&wide, &order, &mut context)?;
        number.add_word(1)?;
        let mut public = EcPoint::new(&group)?;
        public.mul_generator2(&group, &number, &mut context)?;
        PKey::from_ec_key(EcKey::from_private_components(&group, &number, &public)?)
    }

    /// The first prime from a number on that the stream gives; `e` must not divide what is below it.
    fn prime(&self, stream: u32, e: &BigNum, context: &mut BigNumContext) -> Result<BigNum, ErrorStack> {
        let mut prime = BigNum::from_slice(&self.bytes(stream, 128))?;
        // Two such primes have a product of exactly 2048 bits.
        for bit in [0, 1022, 1023] {
            prime.set_bit(bit)?;
        }
        let (one, two) = (BigNum::from_u32(1)?, BigNum::from_u32(2)?);
        let (mut rest, mut below, mut power) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
        let small: Vec<u32> = (3..SIEVE).filter(|one| (2..=one.isqrt()).all(|two| one % two != 0)).collect();
        loop {
            rest.nnmod(&prime, e, context)?;
            let divided = small.iter().any(|small| prime.mod_word(*small).is_ok_and(|rest| rest == 0));
            if rest != one && !divided {
                // OpenSSL's own test takes 64 rounds, more than the search before it; for a demo one is enough.
                below.checked_sub(&prime, &one)?;
                power.mod_exp(&two, &below, &prime, context)?;
                if power == one {
                    return Ok(prime);
                }
            }
            prime.add_word(2)?;
        }
    }

    fn rsa(&self) -> Result<PKey<Private>, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let exponent = BigNum::from_u32(65_537)?;
        let (mut p, mut q) =
            (self.prime(1, &exponent, &mut context)?, self.prime(2, &exponent, &mut context)?);
        if p < q {
            std::mem::swap(&mut p, &mut q);
        }
        let (one, mut p1, mut q1) = (BigNum::from_u32(1)?, BigNum::new()?, BigNum::new()?);
        p1.checked_sub(&p, &one)?;
        q1.checked_sub(&q, &one)?;
        let (mut product, mut phi, mut private) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
        product.checked_mul(&p, &q, &mut context)?;
        phi.checked_mul(&p1, &q1, &mut context)?;
        private.mod_inverse(&exponent, &phi, &mut context)?;
        let (mut dp, mut dq, mut inverse) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
        dp.nnmod(&private, &p1, &mut context)?;
        dq.nnmod(&private, &q1, &mut context)?;
        inverse.mod_inverse(&q, &p, &mut context)?;
        let key = RsaPrivateKeyBuilder::new(product, exponent, private)?
            .set_factors(p, q)?
            .set_crt_params(dp, dq, inverse)?
            .build();
        PKey::from_rsa(key)
    }
}

#[cfg(test)]
mod tests {
    use openssl::pkey::PKey;

    use super::Seed;
    use crate::pki::NewKey;

    fn key(seed: u64, kind: NewKey) -> String {
        let pem = Seed::new(Some(seed)).unwrap().next("a key").key(kind).unwrap();
        pem.to_string()
    }

    #[test]
    fn the_same_seed_gives_the_same_keys_and_another_one_others() {
        for kind in [NewKey::P256, NewKey::Rsa2048] {
            assert_eq!(key(7, kind), key(7, kind));
            assert_ne!(key(7, kind), key(8, kind));
        }
    }

    #[test]
    fn openssl_finds_nothing_wrong_with_a_drawn_key() {
        let rsa = PKey::private_key_from_pem(key(7, NewKey::Rsa2048).as_bytes()).unwrap();
        assert!(rsa.rsa().unwrap().check_key().unwrap());
        assert_eq!(rsa.bits(), 2048);
        let ec = PKey::private_key_from_pem(key(7, NewKey::P256).as_bytes()).unwrap();
        ec.ec_key().unwrap().check_key().unwrap();
    }

    #[test]
    fn each_draw_under_a_name_is_another_one() {
        let mut seed = Seed::new(Some(7)).unwrap();
        let (first, second) = (seed.next("serial"), seed.next("serial"));
        assert!(first.serial() != second.serial());
    }
}
