package io.meltemi.proxy.transport.internal;

import java.net.SocketAddress;
import java.util.Objects;

/** The name of a listener of the proxy itself, as an address. Compared by value. */
public final class InternalAddress extends SocketAddress {
  private static final long serialVersionUID = 1L;

  /** The address of those who connect. */
  static final InternalAddress CLIENT = new InternalAddress("internal_client_address", "");

  private final String listener;
  private final String id;

  /**
   * @param id tells apart hosts that are reached through one listener; may be empty
   */
  public InternalAddress(String listener, String id) {
    this.listener = listener;
    this.id = id;
  }

  String listener() {
    return listener;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof InternalAddress that
        && that.listener.equals(listener)
        && that.id.equals(id);
  }

  @Override
  public int hashCode() {
    return Objects.hash(listener, id);
  }

  @Override
  public String toString() {
    return "envoy://" + listener + '/' + id;
  }
}
