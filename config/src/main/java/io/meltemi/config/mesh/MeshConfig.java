package io.meltemi.config.mesh;

import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.config.traffic.HttpRetry;
import io.meltemi.config.traffic.LabelSelector;
import io.meltemi.config.traffic.LocalityLb;
import io.meltemi.config.traffic.OutboundTrafficPolicy;
import io.meltemi.config.traffic.OutlierDetection;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.config.traffic.TcpKeepalive;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Settings of the whole mesh; what is not written has Istio's default.
 *
 * @param defaultConfig settings of every proxy unless it has its own
 * @param discoverySelectors namespaces to look at, any of these; empty means all
 * @param networks written in a text of their own
 * @see <a href="https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/">MeshConfig</a>
 */
public record MeshConfig(
    String rootNamespace,
    Identity identity,
    Listeners listeners,
    Upstream upstream,
    Visibility visibility,
    OutboundTrafficPolicy outboundTrafficPolicy,
    boolean inboundPassthrough,
    AccessLog accessLog,
    Telemetry telemetry,
    Ingress ingress,
    Tls tls,
    ProxyConfig defaultConfig,
    List<LabelSelector> discoverySelectors,
    PathNormalization pathNormalization,
    List<ServiceSettings> serviceSettings,
    MeshNetworks networks) {

  /** Everything at its default. */
  public static final MeshConfig DEFAULT =
      new MeshConfig(
          "istio-system",
          new Identity("cluster.local", List.of(), true),
          new Listeners(15001, 15006, 0, Duration.ZERO),
          new Upstream(
              Duration.ofSeconds(10),
              Optional.empty(),
              Duration.ofSeconds(60),
              H2Upgrade.DO_NOT_UPGRADE,
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty()),
          new Visibility(List.of("*"), List.of("*"), List.of("*"), List.of()),
          new OutboundTrafficPolicy(OutboundTrafficPolicy.Mode.ALLOW_ANY, Optional.empty()),
          true,
          new AccessLog("", "", AccessLog.Encoding.TEXT, false, false),
          new Telemetry(false, true, "", "", List.of(), List.of()),
          new Ingress(
              "istio", "istio-ingressgateway", "ingressgateway", Ingress.ControllerMode.STRICT),
          new Tls(TlsLimits.NONE, TlsLimits.NONE, ""),
          ProxyConfig.DEFAULT,
          List.of(),
          PathNormalization.DEFAULT,
          List.of(),
          MeshNetworks.NONE);

  /** Who is who; {@code autoMtls} is {@code enableAutoMtls}. */
  public record Identity(String trustDomain, List<String> trustDomainAliases, boolean autoMtls) {
    public Identity {
      trustDomainAliases = List.copyOf(trustDomainAliases);
    }
  }

  /**
   * Ports of every sidecar.
   *
   * @param outboundPort {@code proxyListenPort}
   * @param inboundPort {@code proxyInboundListenPort}
   * @param httpProxyPort {@code proxyHttpPort}; 0 means none
   * @param protocolDetectionTimeout zero means no limit
   */
  public record Listeners(
      int outboundPort, int inboundPort, int httpProxyPort, Duration protocolDetectionTimeout) {}

  /**
   * Defaults for connections to services.
   *
   * @param defaultHttpRetryPolicy unset means Istio's built-in policy
   * @param localityLb unset means enabled without rules
   * @param connectionPool {@code defaultTrafficPolicy.connectionPool}
   * @param outlierDetection {@code defaultTrafficPolicy.outlierDetection}
   */
  public record Upstream(
      Duration connectTimeout,
      Optional<TcpKeepalive> tcpKeepalive,
      Duration dnsRefreshRate,
      H2Upgrade h2UpgradePolicy,
      Optional<HttpRetry> defaultHttpRetryPolicy,
      Optional<HttpRetry> defaultInboundHttpRetryPolicy,
      Optional<LocalityLb> localityLb,
      Optional<ConnectionPool> connectionPool,
      Optional<OutlierDetection> outlierDetection) {}

  public enum H2Upgrade {
    DO_NOT_UPGRADE,
    UPGRADE
  }

  /** Namespaces that see a resource which does not say so itself. */
  public record Visibility(
      List<String> defaultServiceExportTo,
      List<String> defaultVirtualServiceExportTo,
      List<String> defaultDestinationRuleExportTo,
      List<ServiceScope> serviceScopeConfigs) {
    public Visibility {
      defaultServiceExportTo = List.copyOf(defaultServiceExportTo);
      defaultVirtualServiceExportTo = List.copyOf(defaultVirtualServiceExportTo);
      defaultDestinationRuleExportTo = List.copyOf(defaultDestinationRuleExportTo);
      serviceScopeConfigs = List.copyOf(serviceScopeConfigs);
    }
  }

  /** Which services other clusters see. */
  public record ServiceScope(
      Optional<LabelSelector> namespaceSelector,
      Optional<LabelSelector> servicesSelector,
      Scope scope) {
    public enum Scope {
      LOCAL,
      GLOBAL
    }
  }

  /**
   * Access logs of every proxy.
   *
   * @param file empty means none
   * @param format empty means Istio's
   * @param service also sends logs over gRPC
   * @param disableListenerLog listeners write none
   */
  public record AccessLog(
      String file, String format, Encoding encoding, boolean service, boolean disableListenerLog) {
    public enum Encoding {
      TEXT,
      JSON
    }
  }

  /**
   * Observability.
   *
   * @param inboundClusterStatName empty means the cluster's name
   * @param outboundClusterStatName empty means the cluster's name
   * @param extensionProviders names, in order
   * @param defaultProviders {@code kind=name}, such as {@code accessLogging=otel}
   */
  public record Telemetry(
      boolean enableTracing,
      boolean enablePrometheusMerge,
      String inboundClusterStatName,
      String outboundClusterStatName,
      List<String> extensionProviders,
      List<String> defaultProviders) {
    public Telemetry {
      extensionProviders = List.copyOf(extensionProviders);
      defaultProviders = List.copyOf(defaultProviders);
    }
  }

  /** Which Ingress resources are served, and by what. */
  public record Ingress(
      String className, String service, String selector, ControllerMode controllerMode) {
    public enum ControllerMode {
      UNSPECIFIED,
      OFF,
      DEFAULT,
      STRICT
    }
  }

  /**
   * Limits of TLS.
   *
   * @param mutual of mutual TLS between workloads ({@code meshMTLS})
   * @param defaults of all other TLS ({@code tlsDefaults})
   * @param verifyCertificateAtClient deprecated, kept for printing; empty when not set
   */
  public record Tls(TlsLimits mutual, TlsLimits defaults, String verifyCertificateAtClient) {}

  /**
   * What of TLS may be used.
   *
   * @param minProtocolVersion TLS_AUTO means 1.2
   * @param cipherSuites empty means the usual ones
   * @param ecdhCurves empty means the proxy's own
   */
  public record TlsLimits(
      ServerTls.ProtocolVersion minProtocolVersion,
      List<String> cipherSuites,
      List<String> ecdhCurves) {
    public static final TlsLimits NONE =
        new TlsLimits(ServerTls.ProtocolVersion.TLS_AUTO, List.of(), List.of());

    public TlsLimits {
      cipherSuites = List.copyOf(cipherSuites);
      ecdhCurves = List.copyOf(ecdhCurves);
    }
  }

  public enum PathNormalization {
    /** The same as BASE. */
    DEFAULT,
    NONE,
    BASE,
    MERGE_SLASHES,
    DECODE_AND_MERGE_SLASHES
  }

  /** Hosts that stay within their cluster. */
  public record ServiceSettings(boolean clusterLocal, List<String> hosts) {
    public ServiceSettings {
      hosts = List.copyOf(hosts);
    }
  }

  public MeshConfig {
    discoverySelectors = List.copyOf(discoverySelectors);
    serviceSettings = List.copyOf(serviceSettings);
  }

  /** The same settings with these networks. */
  public MeshConfig withNetworks(MeshNetworks others) {
    return new MeshConfig(
        rootNamespace,
        identity,
        listeners,
        upstream,
        visibility,
        outboundTrafficPolicy,
        inboundPassthrough,
        accessLog,
        telemetry,
        ingress,
        tls,
        defaultConfig,
        discoverySelectors,
        pathNormalization,
        serviceSettings,
        others);
  }
}
