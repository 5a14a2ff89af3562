package io.meltemi.controlplane.gatewayapi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The conditions and listener statuses that the Gateway API's conformance suite waits for. A case
 * does not say of which object: one of those it is about has to have them.
 */
class ConformanceStatusTest {
  /** Cases that do not hold, and why they need not. */
  private static final Map<String, String> DIFFERENT =
      Map.of(
          "gateway-static-addresses", "changes the addresses while it runs",
          "tlsroute-listener-mixed-termination-not-supported", "for those who cannot do it",
          "tlsroute-listener-terminate-not-supported", "for those who cannot do it",
          "udproute-invalid-cross-namespace-backend-ref", "no UDP, as in the reference",
          "udproute-not-allowed-by-listeners", "no UDP, as in the reference",
          "udproute-parentref-attach-all-listeners", "no UDP, as in the reference",
          "udproute-reference-grant", "no UDP, as in the reference");

  /** Cases that take certificates away while they run, and then wait for more. */
  private static final Set<String> WITHDRAWING = Set.of("backendtlspolicy");

  /** What the suite itself makes: names of certificates, and of bundles of authorities. */
  private static final Map<String, List<String>> CERTIFICATES =
      Map.of(
          "gateway-conformance-infra",
          List.of(
              "tls-validity-checks-certificate",
              "tls-terminate-checks-certificate",
              "tls-passthrough-checks-certificate",
              "tls-checks-certificate",
              "tls-checks-client-certificate"),
          "gateway-conformance-web-backend",
          List.of("certificate"));

  private static final Map<String, List<String>> AUTHORITIES =
      Map.of(
          "gateway-conformance-infra",
          List.of(
              "tls-checks-ca-certificate",
              "mismatch-ca-certificate",
              "tls-validity-checks-ca-certificate",
              "tls-validity-checks-per-port-ca-certificate"),
          "gateway-conformance-web-backend",
          List.of("web-backend-cm"));

  @Test
  void reportsWhatTheSuiteWaitsFor() throws IOException {
    Path corpus = SharedFiles.require("corpus/gateway-api");
    String base = Files.readString(corpus.resolve("conformance-base/base-manifests.yaml"));
    int cases = 0;
    Map<String, List<Object>> missing = new LinkedHashMap<>();
    try (Stream<Path> folders = Files.list(corpus.resolve("conformance"))) {
      for (Path folder : folders.sorted().toList()) {
        List<Object> expectations = expectations(folder);
        if (expectations.isEmpty()) {
          continue;
        }
        cases++;
        String manifests = base + "\n---\n" + manifests(folder);
        List<Object> statuses = statuses(manifests, true);
        if (WITHDRAWING.contains(folder.getFileName().toString())) {
          statuses.addAll(statuses(manifests, false));
        }
        List<Object> unmet =
            expectations.stream()
                .filter(wanted -> statuses.stream().noneMatch(status -> isMet(wanted, status)))
                .toList();
        if (!unmet.isEmpty()) {
          missing.put(folder.getFileName().toString(), unmet);
        }
      }
    }
    System.out.println(
        "gateway-api: statuses of "
            + (cases - missing.size())
            + " of "
            + cases
            + " conformance cases agree; not: "
            + missing.keySet());
    Map<String, List<Object>> unknown = new LinkedHashMap<>(missing);
    unknown.keySet().removeAll(DIFFERENT.keySet());
    assertEquals(Map.of(), unknown);
    assertEquals(DIFFERENT.keySet(), missing.keySet());
  }

  // ---- what is expected

  /** Lists of conditions, or of listeners with their conditions. */
  private static List<Object> expectations(Path folder) throws IOException {
    YamlMap written = ReferenceConversionTest.documents(folder.resolve("case.json")).getFirst();
    List<Object> wanted = new ArrayList<>();
    ReferenceConversionTest.field(written, "expectations")
        .filter(YamlList.class::isInstance)
        .ifPresent(
            list -> {
              for (Object item : (List<?>) ReferenceConversionTest.tree(list)) {
                Map<?, ?> expectation = (Map<?, ?>) item;
                Object value = expectation.get("value");
                boolean judged =
                    Set.of("metav1.Condition", "v1.ListenerStatus", "v1.RouteParentStatus")
                        .contains(String.valueOf(expectation.get("type")));
                if (judged && !String.valueOf(value).contains("unresolved")) {
                  wanted.add(
                      value instanceof List<?> ? value : List.of(Objects.requireNonNull(value)));
                }
              }
            });
    return wanted;
  }

  /** True when all that is wanted is found together, somewhere in a status. */
  private static boolean isMet(Object wanted, Object status) {
    return switch (status) {
      case List<?> list ->
          contains(list, (List<?>) wanted) || list.stream().anyMatch(item -> isMet(wanted, item));
      case Map<?, ?> map -> map.values().stream().anyMatch(value -> isMet(wanted, value));
      default -> false;
    };
  }

  private static boolean contains(List<?> list, List<?> wanted) {
    return wanted.stream().allMatch(one -> list.stream().anyMatch(item -> covers(item, one)));
  }

  private static boolean covers(@Nullable Object item, @Nullable Object wanted) {
    if (wanted instanceof Map<?, ?> fields) {
      return item instanceof Map<?, ?> map
          && fields.entrySet().stream()
              .allMatch(
                  field ->
                      String.valueOf(field.getValue()).isEmpty()
                          || covers(map.get(field.getKey()), field.getValue()));
    }
    if (wanted instanceof List<?> all) {
      return item instanceof List<?> list && (all.isEmpty() ? list.isEmpty() : contains(list, all));
    }
    return String.valueOf(wanted).equals(String.valueOf(item));
  }

  // ---- the world

  private static String manifests(Path folder) throws IOException {
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList()) {
        text.append(Files.readString(file)).append("\n---\n");
      }
    }
    return text.toString();
  }

  private static List<Object> statuses(String manifests, boolean withAuthorities) {
    StringBuilder text =
        new StringBuilder(
            manifests
                .replace("{GATEWAY_CLASS_NAME}", "istio")
                .replace("PLACEHOLDER_UNUSABLE_ADDRS", "192.0.2.9")
                .replace("PLACEHOLDER_USABLE_ADDRS", "192.0.2.1"));
    String pem = ReferenceConversionTest.PEM.indent(4);
    CERTIFICATES.forEach(
        (namespace, names) ->
            names.forEach(
                name ->
                    text.append(
                        """
                        ---
                        apiVersion: v1
                        kind: Secret
                        metadata: {name: %s, namespace: %s}
                        stringData:
                          tls.key: "-----BEGIN PRIVATE KEY-----"
                          tls.crt: |
                        %s"""
                            .formatted(name, namespace, pem))));
    if (withAuthorities) {
      AUTHORITIES.forEach(
          (namespace, names) ->
              names.forEach(
                  name ->
                      text.append(
                          """
                        ---
                        apiVersion: v1
                        kind: ConfigMap
                        metadata: {name: %s, namespace: %s}
                        data:
                          ca.crt: |
                        %s"""
                              .formatted(name, namespace, pem))));
    }
    ConfigSnapshot snapshot = ConfigSnapshot.of(YamlWorld.resources(text.toString()));
    List<Object> statuses = new ArrayList<>();
    GatewayApiConversion.of(new GatewayApiInputs(snapshot, "cluster.local", new Deployed(snapshot)))
        .statuses()
        .forEach(
            status -> statuses.add(ReferenceConversionTest.texts(StatusTree.of(status.content()))));
    return statuses;
  }

  /** Every gateway has a service with an address of its own and a proxy behind all its ports. */
  private record Deployed(ConfigSnapshot snapshot) implements ServiceDirectory {
    @Override
    public Optional<Entry> find(String hostname, String namespace) {
      Map<Integer, Set<Integer>> ports = new HashMap<>();
      for (Resource<KubernetesGateway> gateway : snapshot.list(Kinds.KUBERNETES_GATEWAY)) {
        if (hostname.startsWith(gateway.name() + "-istio.")) {
          gateway.spec().listeners().forEach(l -> ports.put(l.port(), Set.of(l.port())));
        }
      }
      return Optional.of(
          new Entry(
              List.copyOf(ports.keySet()),
              ports,
              List.of("10.0.0.1"),
              List.of("192.0.2.1"),
              false,
              Labels.EMPTY));
    }

    @Override
    public List<String> namespaces(String hostname) {
      return List.of();
    }
  }
}
