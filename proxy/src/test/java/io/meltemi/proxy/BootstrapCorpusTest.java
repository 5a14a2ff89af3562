package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Bootstraps that nobody wrote with this proxy in mind: each is served or refused by name. */
final class BootstrapCorpusTest {
  /** Only grows. */
  private static final List<String> ACCEPTED =
      List.of(
          "datadog-tracing/envoy.yaml",
          "dynamic-config-cp/envoy.yaml",
          "dynamic-config-fs/envoy.yaml",
          "fault-injection/envoy.yaml",
          "front-proxy/envoy.yaml",
          "front-proxy/service-envoy-2.yaml",
          "front-proxy/service-envoy.yaml",
          "jaeger-tracing/envoy.yaml",
          "jaeger-tracing/service1-envoy-jaeger.yaml",
          "jaeger-tracing/service2-envoy-jaeger.yaml",
          "route-mirror/envoy.yaml",
          "tls-inspector/envoy.yaml",
          "tls-sni/envoy-client.yaml",
          "tls/envoy-http-https.yaml",
          "tls/envoy-https-http.yaml",
          "tls/envoy-https-https.yaml",
          "tls/envoy-https-passthrough.yaml",
          "local_ratelimit/envoy.yaml",
          "locality-load-balancing/envoy.yaml",
          "websocket/envoy-ws-route.yaml",
          "websocket/envoy-ws.yaml",
          "websocket/envoy-wss-passthrough.yaml",
          "websocket/envoy-wss.yaml",
          "zipkin/envoy-1.yaml",
          "zipkin/envoy-2.yaml",
          "zipkin/envoy-front-proxy.yaml");

  /** What a refusal must name. */
  private static final Map<String, String> NAMED =
      Map.ofEntries(
          Map.entry("kafka/envoy.yaml", "KafkaBroker"),
          Map.entry("mysql/envoy.yaml", "MySQLProxy"),
          Map.entry("postgres/envoy.yaml", "PostgresProxy"),
          Map.entry("udp/envoy.yaml", "UdpProxyConfig"),
          Map.entry("lua/envoy.yaml", "lua.v3.Lua"),
          Map.entry("cache/envoy.yaml", "CacheConfig"),
          Map.entry("gzip/envoy.yaml", "Compressor"),
          Map.entry("zstd/envoy.yaml", "Zstd"),
          Map.entry("load-reporting-service/envoy.yaml", "load_stats_config"));

  @Test
  void servesOrRefusesEachByName() throws IOException {
    Path corpus = SharedFiles.require("corpus/envoy-bootstraps");
    List<Path> files;
    try (Stream<Path> all = Files.walk(corpus)) {
      files = all.filter(path -> path.toString().matches(".*\\.ya?ml")).sorted().toList();
    }
    TreeSet<String> accepted = new TreeSet<>();
    Map<String, String> refused = new TreeMap<>();
    for (Path file : files) {
      String name = corpus.relativize(file).toString().replace('\\', '/');
      ProxySettings settings =
          new ProxySettings(
              Optional.of(file),
              "",
              1,
              ProxySettings.NodeOverrides.NONE,
              ProxySettings.Logging.DEFAULT,
              true,
              Optional.empty(),
              java.time.Duration.ZERO);
      try {
        Proxy.validate(settings, ProxyEnvironment.ofProcess());
        accepted.add(name);
      } catch (ProxyStartException e) {
        refused.put(name, String.valueOf(e.getMessage()));
        assertFalse(e.errors().isEmpty());
      }
    }
    System.out.println(
        "envoy bootstraps: " + accepted.size() + " served, " + refused.size() + " refused");
    accepted.forEach(name -> System.out.println("  served  " + name));
    refused.forEach(
        (name, reasons) -> System.out.println("  refused " + name + "\n" + reasons.indent(12)));
    assertEquals(files.size(), accepted.size() + refused.size());
    assertTrue(accepted.containsAll(ACCEPTED), () -> "no longer served: " + missing(accepted));
    NAMED.forEach(
        (name, extension) ->
            assertTrue(
                refused.getOrDefault(name, "served").contains(extension),
                () -> name + " does not name " + extension + ": " + refused.get(name)));
    for (Path file : files) {
      String reasons = refused.get(corpus.relativize(file).toString().replace('\\', '/'));
      if (reasons != null) {
        namesEveryUnknownExtension(Files.readString(file), reasons);
      }
    }
  }

  private static List<String> missing(Set<String> accepted) {
    List<String> missing = new ArrayList<>(ACCEPTED);
    missing.removeAll(accepted);
    return missing;
  }

  private static void namesEveryUnknownExtension(String yaml, String reasons) {
    Set<String> known = Extensions.messages().keySet();
    Matcher types = Pattern.compile("type\\.googleapis\\.com/([A-Za-z0-9_.]+)").matcher(yaml);
    while (types.find()) {
      String type = types.group(1);
      assertTrue(
          known.contains(type) || reasons.contains(type),
          () -> type + " is not named in: " + reasons);
    }
  }
}
