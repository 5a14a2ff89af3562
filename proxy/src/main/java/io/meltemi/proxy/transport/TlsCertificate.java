package io.meltemi.proxy.transport;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * A certificate of ours with its key.
 *
 * @param chain the leaf first
 * @param path where the chain comes from, for {@code /certs}
 */
record TlsCertificate(List<X509Certificate> chain, PrivateKey key, String path) {
  TlsCertificate {
    chain = List.copyOf(chain);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("chain is empty");
    }
  }

  X509Certificate leaf() {
    return chain.getFirst();
  }

  boolean isEc() {
    return key.getAlgorithm().equals("EC");
  }

  /** Never with the key. */
  @Override
  public String toString() {
    return "TlsCertificate[" + leaf().getSubjectX500Principal() + " " + path + "]";
  }
}
