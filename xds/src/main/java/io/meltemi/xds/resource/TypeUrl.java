package io.meltemi.xds.resource;

import com.google.protobuf.Descriptors.Descriptor;
import java.util.Set;

/**
 * A type of resource, named as on the wire. The constants are the types Istio serves; any other is
 * as welcome.
 *
 * @param url such as {@code type.googleapis.com/envoy.config.cluster.v3.Cluster}; never empty
 */
public record TypeUrl(String url) implements Comparable<TypeUrl> {
  private static final String PREFIX = "type.googleapis.com/";
  private static final int URL_CHARS_MAX = 512;

  public static final TypeUrl CLUSTER = new TypeUrl(PREFIX + "envoy.config.cluster.v3.Cluster");
  public static final TypeUrl ENDPOINT =
      new TypeUrl(PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment");
  public static final TypeUrl LISTENER = new TypeUrl(PREFIX + "envoy.config.listener.v3.Listener");
  public static final TypeUrl ROUTE =
      new TypeUrl(PREFIX + "envoy.config.route.v3.RouteConfiguration");
  public static final TypeUrl SECRET =
      new TypeUrl(PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret");
  public static final TypeUrl EXTENSION_CONFIG =
      new TypeUrl(PREFIX + "envoy.config.core.v3.TypedExtensionConfig");

  /** Names of services for agents that answer DNS. */
  public static final TypeUrl NAME_TABLE =
      new TypeUrl(PREFIX + "istio.networking.nds.v1.NameTable");

  /** The types that have short names. */
  public static final Set<TypeUrl> KNOWN =
      Set.of(CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, EXTENSION_CONFIG, NAME_TABLE);

  public TypeUrl {
    if (url.isEmpty() || url.length() > URL_CHARS_MAX) {
      throw new IllegalArgumentException(
          "type url of " + url.length() + " characters (expected: 1 to " + URL_CHARS_MAX + ")");
    }
  }

  /** The constant when it is one, else a new one. */
  public static TypeUrl of(String url) {
    return switch (url) {
      case "type.googleapis.com/envoy.config.cluster.v3.Cluster" -> CLUSTER;
      case "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment" -> ENDPOINT;
      case "type.googleapis.com/envoy.config.listener.v3.Listener" -> LISTENER;
      case "type.googleapis.com/envoy.config.route.v3.RouteConfiguration" -> ROUTE;
      case "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret" -> SECRET;
      case "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig" -> EXTENSION_CONFIG;
      case "type.googleapis.com/istio.networking.nds.v1.NameTable" -> NAME_TABLE;
      default -> new TypeUrl(url);
    };
  }

  public static TypeUrl of(Descriptor message) {
    return of(PREFIX + message.getFullName());
  }

  /**
   * True for types of which a state-of-the-world response always holds everything, so that what is
   * absent is removed: clusters and listeners. Of other types it may hold a part.
   */
  public boolean completeInEveryResponse() {
    return this.equals(CLUSTER) || this.equals(LISTENER);
  }

  /** As Istio shortens it in metrics and logs: {@code cds}, {@code eds}…, else the last word. */
  public String shortName() {
    if (this.equals(CLUSTER)) {
      return "cds";
    } else if (this.equals(ENDPOINT)) {
      return "eds";
    } else if (this.equals(LISTENER)) {
      return "lds";
    } else if (this.equals(ROUTE)) {
      return "rds";
    } else if (this.equals(SECRET)) {
      return "sds";
    } else if (this.equals(EXTENSION_CONFIG)) {
      return "ecds";
    } else if (this.equals(NAME_TABLE)) {
      return "nds";
    }
    return url.substring(Math.max(url.lastIndexOf('/'), url.lastIndexOf('.')) + 1);
  }

  @Override
  public int compareTo(TypeUrl other) {
    return url.compareTo(other.url);
  }

  @Override
  public String toString() {
    return url;
  }
}
