package io.meltemi.config.mesh;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.config.mesh.MeshConfig.AccessLog;
import io.meltemi.config.mesh.MeshConfig.H2Upgrade;
import io.meltemi.config.mesh.MeshConfig.Identity;
import io.meltemi.config.mesh.MeshConfig.Ingress;
import io.meltemi.config.mesh.MeshConfig.Listeners;
import io.meltemi.config.mesh.MeshConfig.PathNormalization;
import io.meltemi.config.mesh.MeshConfig.ServiceScope;
import io.meltemi.config.mesh.MeshConfig.ServiceSettings;
import io.meltemi.config.mesh.MeshConfig.Telemetry;
import io.meltemi.config.mesh.MeshConfig.Tls;
import io.meltemi.config.mesh.MeshConfig.TlsLimits;
import io.meltemi.config.mesh.MeshConfig.Upstream;
import io.meltemi.config.mesh.MeshConfig.Visibility;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.config.traffic.ConnectionPoolParser;
import io.meltemi.config.traffic.HttpRetryParser;
import io.meltemi.config.traffic.LabelSelectorParser;
import io.meltemi.config.traffic.LocalityLbParser;
import io.meltemi.config.traffic.OutboundTrafficPolicyParser;
import io.meltemi.config.traffic.OutlierDetection;
import io.meltemi.config.traffic.OutlierDetectionParser;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.config.yaml.FieldPatterns;
import io.meltemi.config.yaml.ObjectReader;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads MeshConfig from the text of a file or of the ConfigMap {@code istio}. */
public final class MeshConfigParser {
  /** Fields that are parsed and validated but have no effect yet; a set one is warned of. */
  private static final FieldPatterns NOT_YET_TRANSLATED =
      new FieldPatterns(
          List.of(
              "enableTracing!=false",
              "enableEnvoyAccessLogService!=false",
              "extensionProviders",
              "defaultProviders",
              "serviceScopeConfigs",
              "defaultConfig.proxyStatsMatcher"));

  /** Fields of the message that nothing here reads. */
  private static final List<String> IGNORED =
      List.of(
          "ca",
          "caCertificates",
          "certificates",
          "configSources",
          "connectionIdleTimeout",
          "disableMixerHttpReports",
          "disablePolicyChecks",
          "enableClientSidePolicyCheck",
          "envoyAccessLogService",
          "mixerCheckServer",
          "mixerReportServer",
          "policyCheckFailOpen",
          "proxyInboundListenerBind",
          "rdsRefreshDelay",
          "reportBatchMaxEntries",
          "reportBatchMaxTime",
          "sdsUdsPath",
          "serviceEntryVisibility",
          "sidecarToTelemetrySessionAffinity",
          "thriftConfig");

  private MeshConfigParser() {}

  /**
   * Reads a text that stands at its own location, such as a file.
   *
   * @param location of the text, for errors
   */
  public static Validation<MeshConfig> parse(String text, String location) {
    return parse(YamlReader.read(text, location, YamlLimits.DEFAULT), Origin.of(location));
  }

  /** Reads a text that is a value inside another file. */
  public static Validation<MeshConfig> parseEmbedded(String text, Origin within) {
    return parse(YamlReader.readEmbedded(text, within, YamlLimits.DEFAULT), within);
  }

  /**
   * Reads settings of one proxy that are a value inside another file, such as the annotation {@code
   * proxy.istio.io/config}.
   *
   * @param base what is not written is as there
   */
  public static Validation<ProxyConfig> parseProxyConfig(
      String text, Origin within, ProxyConfig base) {
    return MeshText.parse(
        YamlReader.readEmbedded(text, within, YamlLimits.DEFAULT),
        within,
        "an object of proxy settings",
        base,
        (map, problems) -> {
          ObjectReader reader = ObjectReader.of(map, problems);
          ProxyConfig config = MeshProxyConfigParser.parse(reader, base);
          reader.close();
          return config;
        });
  }

  private static Validation<MeshConfig> parse(YamlReader.Result text, Origin origin) {
    return MeshText.parse(
        text, origin, "an object of mesh settings", MeshConfig.DEFAULT, MeshConfigParser::mesh);
  }

  private static MeshConfig mesh(YamlMap map, Validation.Collector problems) {
    ObjectReader reader = ObjectReader.of(map, problems);
    MeshConfig mesh = mesh(reader);
    reader.close();
    NOT_YET_TRANSLATED.find(
        map,
        (where, path, written) ->
            problems.warn(
                where,
                path,
                written,
                "no value for now: parsed and validated, not yet translated"));
    return mesh;
  }

  private static MeshConfig mesh(ObjectReader reader) {
    warnOfUnread(reader, IGNORED);
    MeshConfig defaults = MeshConfig.DEFAULT;
    String root = reader.string("rootNamespace");
    if (!root.isEmpty() && !Names.isDnsLabel(root)) {
      reader.error("rootNamespace", '"' + root + '"', "the name of a namespace");
    }
    return new MeshConfig(
        root.isEmpty() ? defaults.rootNamespace() : root,
        identity(reader),
        listeners(reader),
        upstream(reader),
        visibility(reader),
        reader
            .object("outboundTrafficPolicy", r -> OutboundTrafficPolicyParser.parse(r, true))
            .orElse(defaults.outboundTrafficPolicy()),
        inboundPassthrough(reader),
        accessLog(reader),
        telemetry(reader),
        ingress(reader),
        tls(reader),
        reader
            .object("defaultConfig", r -> MeshProxyConfigParser.parse(r, defaults.defaultConfig()))
            .orElse(defaults.defaultConfig()),
        reader.objects("discoverySelectors", LabelSelectorParser::parse),
        pathNormalization(reader),
        reader.objects("serviceSettings", MeshConfigParser::serviceSettings),
        MeshNetworks.NONE);
  }

  /** Warns of fields of the message that are set although nothing here reads them. */
  static void warnOfUnread(ObjectReader reader, List<String> fields) {
    for (String field : fields) {
      if (reader.has(field)) {
        reader.warn(field, reader.written(field), "no value for now: the field has no effect here");
      }
    }
  }

  private static Identity identity(ObjectReader reader) {
    Identity defaults = MeshConfig.DEFAULT.identity();
    String trustDomain = reader.string("trustDomain");
    if (trustDomain.isEmpty()) {
      trustDomain = defaults.trustDomain();
    } else if (!Names.isFqdn(trustDomain)) {
      reader.error("trustDomain", '"' + trustDomain + '"', "a domain such as cluster.local");
    }
    return new Identity(
        trustDomain,
        reader.strings("trustDomainAliases"),
        reader.optionalBool("enableAutoMtls").orElse(defaults.autoMtls()));
  }

  private static Listeners listeners(ObjectReader reader) {
    Listeners defaults = MeshConfig.DEFAULT.listeners();
    return new Listeners(
        reader.integer("proxyListenPort", 1, 65535).orElse(defaults.outboundPort()),
        reader.integer("proxyInboundListenPort", 1, 65535).orElse(defaults.inboundPort()),
        reader.integer("proxyHttpPort", 0, 65535).orElse(defaults.httpProxyPort()),
        reader.duration("protocolDetectionTimeout").orElse(defaults.protocolDetectionTimeout()));
  }

  private record TrafficPolicy(
      Optional<ConnectionPool> connectionPool, Optional<OutlierDetection> outlierDetection) {
    static final TrafficPolicy NONE = new TrafficPolicy(Optional.empty(), Optional.empty());
  }

  private static Upstream upstream(ObjectReader reader) {
    Upstream defaults = MeshConfig.DEFAULT.upstream();
    TrafficPolicy policy =
        reader
            .object(
                "defaultTrafficPolicy",
                r ->
                    new TrafficPolicy(
                        r.object("connectionPool", ConnectionPoolParser::parse),
                        r.object("outlierDetection", OutlierDetectionParser::parse)))
            .orElse(TrafficPolicy.NONE);
    return new Upstream(
        reader.durationMillis("connectTimeout").orElse(defaults.connectTimeout()),
        reader.object("tcpKeepalive", ConnectionPoolParser::tcpKeepalive),
        reader.durationMillis("dnsRefreshRate").orElse(defaults.dnsRefreshRate()),
        reader.enumeration("h2UpgradePolicy", H2Upgrade.class).orElse(defaults.h2UpgradePolicy()),
        reader.object("defaultHttpRetryPolicy", HttpRetryParser::parse),
        reader.object("defaultInboundHttpRetryPolicy", HttpRetryParser::parse),
        reader.object("localityLbSetting", LocalityLbParser::parse),
        policy.connectionPool(),
        policy.outlierDetection());
  }

  private static Visibility visibility(ObjectReader reader) {
    return new Visibility(
        exportTo(reader, "defaultServiceExportTo"),
        exportTo(reader, "defaultVirtualServiceExportTo"),
        exportTo(reader, "defaultDestinationRuleExportTo"),
        reader.objects("serviceScopeConfigs", MeshConfigParser::serviceScope));
  }

  private static List<String> exportTo(ObjectReader reader, String field) {
    List<String> exportTo = reader.strings(field);
    for (int i = 0; i < exportTo.size(); i++) {
      String entry = exportTo.get(i);
      if (!entry.equals("*")
          && !entry.equals(".")
          && !entry.equals("~")
          && !Names.isDnsLabel(entry)) {
        reader.error(field, i, '"' + entry + '"', "'*', '.', '~' or the name of a namespace");
      }
    }
    return exportTo.isEmpty() ? List.of("*") : exportTo;
  }

  private static ServiceScope serviceScope(ObjectReader reader) {
    return new ServiceScope(
        reader.object("namespaceSelector", LabelSelectorParser::parse),
        reader.object("servicesSelector", LabelSelectorParser::parse),
        reader.enumeration("scope", ServiceScope.Scope.class).orElse(ServiceScope.Scope.LOCAL));
  }

  private enum InboundMode {
    PASSTHROUGH,
    LOCALHOST
  }

  private static boolean inboundPassthrough(ObjectReader reader) {
    return reader
        .object(
            "inboundTrafficPolicy",
            r ->
                r.enumeration("mode", InboundMode.class).orElse(InboundMode.PASSTHROUGH)
                    == InboundMode.PASSTHROUGH)
        .orElse(true);
  }

  private static AccessLog accessLog(ObjectReader reader) {
    return new AccessLog(
        reader.string("accessLogFile"),
        reader.string("accessLogFormat"),
        reader
            .enumeration("accessLogEncoding", AccessLog.Encoding.class)
            .orElse(AccessLog.Encoding.TEXT),
        reader.bool("enableEnvoyAccessLogService"),
        reader.bool("disableEnvoyListenerLog"));
  }

  private static Telemetry telemetry(ObjectReader reader) {
    List<String> providers = new ArrayList<>();
    reader
        .node("extensionProviders")
        .filter(YamlNode.YamlList.class::isInstance)
        .map(YamlNode.YamlList.class::cast)
        .ifPresent(
            list ->
                list.items().stream()
                    .filter(YamlMap.class::isInstance)
                    .map(item -> ((YamlMap) item).fields().get("name"))
                    .forEach(
                        name -> {
                          if (name != null && name.value() instanceof YamlNode.YamlScalar scalar) {
                            providers.add(scalar.text());
                          }
                        }));
    List<String> defaults = new ArrayList<>();
    reader.object(
        "defaultProviders",
        r -> {
          for (String kind : List.of("tracing", "metrics", "accessLogging")) {
            r.strings(kind).forEach(name -> defaults.add(kind + "=" + name));
          }
          return r;
        });
    return new Telemetry(
        reader.bool("enableTracing"),
        reader.optionalBool("enablePrometheusMerge").orElse(true),
        reader.string("inboundClusterStatName"),
        reader.string("outboundClusterStatName"),
        providers,
        defaults);
  }

  private static Ingress ingress(ObjectReader reader) {
    Ingress defaults = MeshConfig.DEFAULT.ingress();
    return new Ingress(
        reader.optionalString("ingressClass").orElse(defaults.className()),
        reader.optionalString("ingressService").orElse(defaults.service()),
        reader.optionalString("ingressSelector").orElse(defaults.selector()),
        reader
            .enumeration("ingressControllerMode", Ingress.ControllerMode.class)
            .orElse(defaults.controllerMode()));
  }

  private static Tls tls(ObjectReader reader) {
    return new Tls(
        reader.object("meshMTLS", r -> limits(r, false)).orElse(TlsLimits.NONE),
        reader.object("tlsDefaults", r -> limits(r, true)).orElse(TlsLimits.NONE),
        reader.optionalBool("verifyCertificateAtClient").map(Object::toString).orElse(""));
  }

  private static TlsLimits limits(ObjectReader reader, boolean curvesAllowed) {
    List<String> curves = reader.strings("ecdhCurves");
    if (!curvesAllowed && !curves.isEmpty()) {
      reader.error(
          "ecdhCurves", reader.written("ecdhCurves"), "none; only tlsDefaults can have them");
    }
    return new TlsLimits(
        reader
            .enumeration("minProtocolVersion", ServerTls.ProtocolVersion.class)
            .orElse(ServerTls.ProtocolVersion.TLS_AUTO),
        reader.strings("cipherSuites"),
        curves);
  }

  private static PathNormalization pathNormalization(ObjectReader reader) {
    return reader
        .object(
            "pathNormalization",
            r ->
                r.enumeration("normalization", PathNormalization.class)
                    .orElse(PathNormalization.DEFAULT))
        .orElse(PathNormalization.DEFAULT);
  }

  private static ServiceSettings serviceSettings(ObjectReader reader) {
    boolean clusterLocal = reader.object("settings", r -> r.bool("clusterLocal")).orElse(false);
    return new ServiceSettings(clusterLocal, reader.strings("hosts"));
  }
}
