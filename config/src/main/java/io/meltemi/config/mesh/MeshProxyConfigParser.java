package io.meltemi.config.mesh;

import io.meltemi.config.mesh.ProxyConfig.Addresses;
import io.meltemi.config.mesh.ProxyConfig.Durations;
import io.meltemi.config.mesh.ProxyConfig.GatewayTopology;
import io.meltemi.config.mesh.ProxyConfig.InterceptionMode;
import io.meltemi.config.mesh.ProxyConfig.StatsMatcher;
import io.meltemi.config.mesh.ProxyConfig.Switches;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/** Reads the ProxyConfig message, as in {@code MeshConfig.defaultConfig}. */
final class MeshProxyConfigParser {
  /** Fields of the message that nothing here reads. */
  private static final List<String> IGNORED =
      List.of(
          "availabilityZone",
          "binaryPath",
          "caCertificatesPem",
          "configPath",
          "connectTimeout",
          "controlPlaneAuthPolicy",
          "customConfigFile",
          "discoveryRefreshDelay",
          "drainListenersOnly",
          "envoyAccessLogService",
          "envoyMetricsService",
          "envoyMetricsServiceAddress",
          "extraStatTags",
          "fileFlushInterval",
          "fileFlushMinSizeKb",
          "parentShutdownDuration",
          "privateKeyProvider",
          "proxyBootstrapTemplatePath",
          "readinessProbe",
          "runtimeValues",
          "sds",
          "statNameLength",
          "statsCompression",
          "statsdUdpAddress",
          "tracing",
          "tracingServiceName",
          "zipkinAddress");

  /** Those of {@code proxyHeaders}. */
  private static final List<String> IGNORED_HEADERS =
      List.of(
          "forwardedClientCert",
          "setCurrentClientCertDetails",
          "requestId",
          "server",
          "attemptCount",
          "envoyDebugHeaders",
          "metadataExchangeHeaders",
          "preserveHttp1HeaderCase");

  private MeshProxyConfigParser() {}

  /**
   * Reads settings over others: a field that is written takes the place of theirs, but {@code
   * proxyMetadata} goes beside it.
   */
  static ProxyConfig parse(ObjectReader reader, ProxyConfig defaults) {
    MeshConfigParser.warnOfUnread(reader, IGNORED);
    Addresses addresses = defaults.addresses();
    Durations durations = defaults.durations();
    Map<String, String> metadata = new TreeMap<>(defaults.metadata());
    metadata.putAll(reader.stringMap("proxyMetadata"));
    OptionalInt concurrency = reader.count("concurrency");
    return new ProxyConfig(
        concurrency.isPresent() ? concurrency : defaults.concurrency(),
        new Addresses(
            reader.optionalString("discoveryAddress").orElse(addresses.discoveryAddress()),
            reader.integer("proxyAdminPort", 1, 65535).orElse(addresses.adminPort()),
            reader.integer("statusPort", 1, 65535).orElse(addresses.statusPort()),
            reader.optionalString("serviceCluster").orElse(addresses.serviceCluster())),
        new Durations(
            reader.duration("drainDuration").orElse(durations.drain()),
            reader.duration("terminationDrainDuration").orElse(durations.terminationDrain()),
            reader.duration("minimumDrainDuration").or(durations::minimumDrain)),
        reader
            .enumeration("interceptionMode", InterceptionMode.class)
            .orElse(defaults.interceptionMode()),
        metadata,
        reader
            .object("gatewayTopology", MeshProxyConfigParser::topology)
            .orElse(defaults.gatewayTopology()),
        reader
            .object("proxyStatsMatcher", MeshProxyConfigParser::stats)
            .orElse(defaults.statsMatcher()),
        switches(reader, defaults.switches()),
        reader.object("image", image -> image.string("imageType")).orElse(defaults.imageType()));
  }

  private static Switches switches(ObjectReader reader, Switches defaults) {
    return new Switches(
        reader
            .optionalBool("holdApplicationUntilProxyStarts")
            .orElse(defaults.holdApplicationUntilProxyStarts()),
        reader
            .object(
                "proxyHeaders",
                r -> {
                  MeshConfigParser.warnOfUnread(r, IGNORED_HEADERS);
                  return r.object("xForwardedHost", x -> x.bool("enabled")).orElse(false);
                })
            .orElse(defaults.forwardedHost()));
  }

  private static GatewayTopology topology(ObjectReader reader) {
    return new GatewayTopology(
        reader.count("numTrustedProxies").orElse(0),
        reader
            .enumeration("forwardClientCertDetails", GatewayTopology.ForwardClientCert.class)
            .orElse(GatewayTopology.ForwardClientCert.UNDEFINED),
        reader.has("proxyProtocol")
            && reader
                .object(
                    "proxyProtocol",
                    r -> {
                      MeshConfigParser.warnOfUnread(r, List.of("allowPassthrough"));
                      return true;
                    })
                .orElse(false));
  }

  private static StatsMatcher stats(ObjectReader reader) {
    return new StatsMatcher(
        reader.strings("inclusionPrefixes"),
        reader.strings("inclusionSuffixes"),
        reader.strings("inclusionRegexps"));
  }
}
