package io.meltemi.proxy.transport;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * A secret that is no certificate, as one configuration uses it. While the configuration keeps
 * this, its newest version is asked for. Any thread.
 */
public final class GenericSecret {
  private final SecretSlot slot;

  GenericSecret(SecretSlot slot) {
    this.slot = slot;
  }

  /** The newest version; null while none was delivered. */
  public @Nullable ByteString get() {
    return slot.get() instanceof Secret.Generic(ByteString bytes) ? bytes : null;
  }
}
