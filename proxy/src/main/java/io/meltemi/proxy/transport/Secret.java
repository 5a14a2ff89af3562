package io.meltemi.proxy.transport;

import com.google.protobuf.ByteString;
import java.util.List;

/** What SDS calls a secret. Immutable. */
sealed interface Secret {
  /** A certificate of ours. */
  record KeyPair(TlsCertificate certificate) implements Secret {}

  /** What peers' certificates must be like. */
  record Validation(ValidationSettings settings) implements Secret {}

  /** Keys of session tickets, the first one for new tickets. */
  record TicketKeys(List<TicketKey> keys) implements Secret {
    public TicketKeys {
      keys = List.copyOf(keys);
    }
  }

  /** Bytes that mean what their user says, such as a password. */
  record Generic(ByteString bytes) implements Secret {}

  /** 16 bytes each. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and no one else sees it
  record TicketKey(byte[] name, byte[] hmac, byte[] aes) {}
}
