package io.meltemi.proxy.cluster;

import io.meltemi.proxy.header.HeaderName;
import java.util.List;

/** Where a request tells the hosts that it wants, as {@code ip:port}, separated by commas. */
public sealed interface HostSource {
  /** A header of the request. */
  record Header(HeaderName name) implements HostSource {}

  /**
   * What filters have said of the stream.
   *
   * @param path of fields, at least one
   */
  record Metadata(String namespace, List<String> path) implements HostSource {
    public Metadata {
      path = List.copyOf(path);
    }
  }
}
