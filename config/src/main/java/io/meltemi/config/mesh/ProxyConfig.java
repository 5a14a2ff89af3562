package io.meltemi.config.mesh;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Settings of one proxy (Istio {@code ProxyConfig} message, not the resource of that name); what is
 * not written has Istio's default.
 *
 * @param concurrency worker threads; 0 means all cores, unset means by the CPU limit
 * @param metadata {@code proxyMetadata}, sorted by name
 * @param imageType {@code image.imageType}, such as {@code distroless}; empty when not set
 */
public record ProxyConfig(
    OptionalInt concurrency,
    Addresses addresses,
    Durations durations,
    InterceptionMode interceptionMode,
    Map<String, String> metadata,
    GatewayTopology gatewayTopology,
    StatsMatcher statsMatcher,
    Switches switches,
    String imageType) {

  public static final ProxyConfig DEFAULT =
      new ProxyConfig(
          OptionalInt.empty(),
          new Addresses("istiod.istio-system.svc:15012", 15000, 15020, "istio-proxy"),
          new Durations(Duration.ofSeconds(45), Duration.ofSeconds(5), Optional.empty()),
          InterceptionMode.REDIRECT,
          Map.of(),
          new GatewayTopology(0, GatewayTopology.ForwardClientCert.UNDEFINED, false),
          new StatsMatcher(List.of(), List.of(), List.of()),
          new Switches(false, false),
          "");

  /**
   * Where things are.
   *
   * @param discoveryAddress {@code host:port} of the control plane
   * @param adminPort {@code proxyAdminPort}
   */
  public record Addresses(
      String discoveryAddress, int adminPort, int statusPort, String serviceCluster) {}

  /**
   * Times.
   *
   * @param terminationDrain {@code terminationDrainDuration}
   * @param minimumDrain least time of a drain; unset means none
   */
  public record Durations(
      Duration drain, Duration terminationDrain, Optional<Duration> minimumDrain) {}

  public enum InterceptionMode {
    REDIRECT,
    TPROXY,
    NONE
  }

  /**
   * What stands before a gateway.
   *
   * @param numTrustedProxies how many entries of X-Forwarded-For are believed
   * @param proxyProtocol connections begin with a PROXY header
   */
  public record GatewayTopology(
      int numTrustedProxies, ForwardClientCert forwardClientCertDetails, boolean proxyProtocol) {
    public enum ForwardClientCert {
      UNDEFINED,
      SANITIZE,
      FORWARD_ONLY,
      APPEND_FORWARD,
      SANITIZE_SET,
      ALWAYS_FORWARD_ONLY
    }
  }

  /** Which statistics are kept beyond the usual ones. */
  public record StatsMatcher(
      List<String> inclusionPrefixes,
      List<String> inclusionSuffixes,
      List<String> inclusionRegexps) {
    public StatsMatcher {
      inclusionPrefixes = List.copyOf(inclusionPrefixes);
      inclusionSuffixes = List.copyOf(inclusionSuffixes);
      inclusionRegexps = List.copyOf(inclusionRegexps);
    }
  }

  public record Switches(boolean holdApplicationUntilProxyStarts, boolean forwardedHost) {}

  public ProxyConfig {
    metadata = Collections.unmodifiableMap(new TreeMap<>(metadata));
  }

  /**
   * The same with what the ProxyConfig resource can say laid over it.
   *
   * @param threads unset means as here
   * @param variables go beside and over {@link #metadata}
   * @param image empty means as here
   */
  public ProxyConfig with(OptionalInt threads, Map<String, String> variables, String image) {
    Map<String, String> all = new TreeMap<>(metadata);
    all.putAll(variables);
    return new ProxyConfig(
        threads.isPresent() ? threads : concurrency,
        addresses,
        durations,
        interceptionMode,
        all,
        gatewayTopology,
        statsMatcher,
        switches,
        image.isEmpty() ? imageType : image);
  }
}
