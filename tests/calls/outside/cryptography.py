"""Calls of cryptography: keys and hashes as handles, bytes both ways, errors."""

from __future__ import annotations

from cryptography import fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SPEC = "cryptography@==50.0.2"

KEY = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def calls(w):
    yield "there and back", lambda: decrypted(w), lambda: b"secret"
    yield (
        "another's message",
        lambda: w.Fernet_decrypt(w.Fernet_new(KEY), b"nothing"),
        lambda: fernet.Fernet(KEY).decrypt(b"nothing"),
    )
    yield (
        "at a time",
        lambda: w.Fernet_extract_timestamp(
            w.Fernet_new(KEY), w.Fernet_encrypt_at_time(w.Fernet_new(KEY), b"x", 1000)
        ),
        lambda: 1000,
    )
    yield "a key that is none", lambda: w.Fernet_new("x"), lambda: fernet.Fernet("x")
    yield "a digest", lambda: digest(w), lambda: digest_directly()
    yield "a signature", lambda: signed(w), lambda: signed_directly()
    yield "a wrong signature", lambda: verified(w, b"x" * 64), lambda: verified_directly(b"x" * 64)
    yield (
        "authenticated",
        lambda: w.AESGCM_encrypt(w.AESGCM_new(b"k" * 16), b"n" * 12, b"data", None),
        lambda: AESGCM(b"k" * 16).encrypt(b"n" * 12, b"data", None),
    )
    yield (
        "a short key",
        lambda: w.AESGCM_new(b"k"),
        lambda: AESGCM(b"k"),
    )


def decrypted(w):
    made = w.Fernet_new(w.Fernet_generate_key())
    return w.Fernet_decrypt(made, w.Fernet_encrypt(made, b"secret"))


def digest(w):
    made = w.Hash_new(w.SHA_two_five_six_new())
    w.Hash_update(made, b"abc")
    return w.Hash_finalize(made)


def digest_directly():
    made = hashes.Hash(hashes.SHA256())
    made.update(b"abc")
    return made.finalize()


def private(w):
    return w.Ed_two_five_five_one_nine_PrivateKey_from_private_bytes(b"p" * 32)


def signed(w):
    return w.Ed_two_five_five_one_nine_PrivateKey_sign(private(w), b"message")


def signed_directly():
    return ed25519.Ed25519PrivateKey.from_private_bytes(b"p" * 32).sign(b"message")


def verified(w, signature):
    public = w.Ed_two_five_five_one_nine_PrivateKey_public_key(private(w))
    return w.Ed_two_five_five_one_nine_PublicKey_verify(public, signature, b"message")


def verified_directly(signature):
    public = ed25519.Ed25519PrivateKey.from_private_bytes(b"p" * 32).public_key()
    return public.verify(signature, b"message")
