//! The signature of webhooks: HMAC with SHA-256 (<https://www.rfc-editor.org/rfc/rfc2104>).

use sha2::{Digest, Sha256};

/// The size of the blocks that SHA-256 works on.
const BLOCK: usize = 64;

/// What the header `X-Hub-Signature-256` says for a body
/// (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>).
pub fn signature(secret: &[u8], body: &[u8]) -> String {
    let mut key = [0; BLOCK];
    let short = if secret.len() > BLOCK { Sha256::digest(secret).to_vec() } else { secret.to_vec() };
    for (place, byte) in key.iter_mut().zip(short) {
        *place = byte;
    }
    let inner = Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)).chain_update(body).finalize();
    let outer = Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize();
    let digits: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_example_that_github_gives() {
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature(b"It's a Secret to Everybody", b"Hello, World!"), expected);
    }

    #[test]
    fn a_signature_is_the_one_of_the_test_vectors_of_the_standard() {
        // RFC 4231, cases 1, 2, 3 and 6: the last has a key that is longer than a block.
        let cases: [(Vec<u8>, Vec<u8>, &str); 4] = [
            (
                vec![0x0b; 20],
                b"Hi There".to_vec(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 20],
                vec![0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, body, expected) in cases {
            assert_eq!(signature(&key, &body), format!("sha256={expected}"));
        }
    }
}
