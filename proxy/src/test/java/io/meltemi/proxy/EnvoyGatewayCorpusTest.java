package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.SharedFiles;
import io.meltemi.testing.TestPki;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What another control plane sends: each resource is taken as a whole or refused by name. Routes
 * are read in a connection manager of the test's own, endpoints in a cluster of its own.
 */
final class EnvoyGatewayCorpusTest {
  private static final Pattern MATERIAL =
      Pattern.compile("(certificateChain|privateKey|trustedCa|crl):\\n *inlineBytes: \\S+");

  /** Only grows: cases of which nothing is refused, of the 178 that Envoy takes. */
  private static final int SERVED_MIN = 162;

  /** Wildcards twice, a regex that is none, buckets without tokens, a missing module. */
  private static final Set<String> REFUSED_BY_ENVOY =
      Set.of(
          "client-listener-scoped-timeout",
          "client-timeout",
          "cors",
          "dynamicmodule",
          "local-ratelimit-distinct",
          "multiple-listeners-same-port-max-request-headers-kb",
          "multiple-simple-tcp-route-same-port");

  private static final String HEAD =
      """
      node: {id: envoy-gateway, cluster: test}
      dynamic_resources:
        ads_config:
          api_type: DELTA_GRPC
          grpc_services: [{envoy_grpc: {cluster_name: xds_cluster}}]
      static_resources:
      """;

  private static final String XDS_CLUSTER =
      """
          - name: xds_cluster
            type: STATIC
            typed_extension_protocol_options:
              envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                explicit_http_config: {http2_protocol_options: {}}
      """;

  @Test
  void takesOrRefusesEachByName(@TempDir Path directory) throws IOException {
    Path corpus = SharedFiles.require("corpus/envoy-gateway-xds");
    List<Path> cases;
    try (Stream<Path> all = Files.list(corpus)) {
      cases = all.filter(Files::isDirectory).sorted().toList();
    }
    Path material = Files.createDirectory(directory.resolve("pki"));
    TestPki.Issued root = TestPki.root("ca");
    TestPki.Issued leaf = root.leaf(TestPki.Leaf.named("leaf").dns("example.com"));
    Files.writeString(material.resolve("trustedCa"), root.certificate());
    Files.writeString(material.resolve("crl"), root.revocationList(List.of()));
    Files.writeString(material.resolve("certificateChain"), leaf.chain());
    Files.writeString(material.resolve("privateKey"), leaf.key());
    Refusals refusals = new Refusals();
    List<String> served = new ArrayList<>();
    for (Path one : cases) {
      String name = one.getFileName().toString();
      Path file = directory.resolve(name + ".yaml");
      Files.writeString(file, withMaterial(bootstrap(one), material));
      if (refusals.isServed(file, name)) {
        served.add(name);
      }
    }
    System.out.println(
        "envoy gateway: %d served of the %d cases that Envoy 1.40 takes"
            .formatted(served.size(), cases.size() - REFUSED_BY_ENVOY.size()));
    refusals.print();
    assertEquals(185, cases.size());
    assertTrue(Collections.disjoint(served, REFUSED_BY_ENVOY), served::toString);
    assertTrue(
        served.size() >= SERVED_MIN, () -> served.size() + " are served, were " + SERVED_MIN);
  }

  private static String bootstrap(Path one) throws IOException {
    StringBuilder yaml = new StringBuilder(HEAD);
    yaml.append("  clusters:\n").append(XDS_CLUSTER);
    items(one, "clusters").forEach(item -> yaml.append(indented(item, 4)));
    int number = 0;
    for (String item : items(one, "endpoints")) {
      yaml.append(endpointCluster(number++, item.contains("pipe:") ? "STATIC" : "STRICT_DNS"));
      yaml.append(indented("  " + item.substring(2), 6));
    }
    yaml.append("  listeners:\n");
    items(one, "listeners").forEach(item -> yaml.append(indented(item, 4)));
    for (String item : items(one, "routes")) {
      yaml.append(routeListener(number));
      number++;
      yaml.append(indented("  " + item.substring(2), 16));
    }
    if (Files.exists(one.resolve("secrets.yaml"))) {
      yaml.append("  secrets:\n");
      Set<String> names = new HashSet<>();
      items(one, "secrets").stream()
          .filter(item -> names.add(item.lines().findFirst().orElseThrow()))
          .forEach(item -> yaml.append(indented(item, 4)));
    }
    return yaml.toString();
  }

  private static String routeListener(int number) {
    return """
          - name: test-routes-%1$d
            address: {socket_address: {address: 127.0.0.1, port_value: %2$d}}
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: test
                  http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
                  route_config:
      """
        .formatted(number, 20_000 + number);
  }

  private static String endpointCluster(int number, String type) {
    return """
          - name: test-endpoints-%d
            type: %s
            load_assignment:
      """
        .formatted(number, type);
  }

  /** Certificates and keys of the test in place of those that were blotted out when recorded. */
  private static String withMaterial(String bootstrap, Path material) {
    return MATERIAL
        .matcher(bootstrap)
        .replaceAll(found -> "$1: {filename: " + material + "/$1}")
        .replaceAll(
            "filename: /\\S*/ca(-certificates)?\\.crt", "filename: " + material + "/trustedCa");
  }

  private static String indented(String item, int spaces) {
    return item.lines()
        .map(line -> line.isBlank() ? "\n" : " ".repeat(spaces) + line + "\n")
        .collect(Collectors.joining());
  }

  /** The elements of a list of YAML that begins in the first column. */
  private static List<String> items(Path one, String resources) throws IOException {
    Path file = one.resolve(resources + ".yaml");
    List<String> items = new ArrayList<>();
    if (!Files.exists(file)) {
      return items;
    }
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("- ")) {
        items.add(line + "\n");
      } else if (!items.isEmpty()) {
        items.add(items.removeLast() + line + "\n");
      }
    }
    return items;
  }
}
