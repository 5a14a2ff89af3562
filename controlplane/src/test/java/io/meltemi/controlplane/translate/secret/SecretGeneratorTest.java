package io.meltemi.controlplane.translate.secret;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.meltemi.common.validation.Origin;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which secrets a proxy gets by which names, and what is said of the others. */
final class SecretGeneratorTest {
  private static final Issued ROOT = TestPki.root("root");
  private static final Issued LEAF = ROOT.leaf(Leaf.named("leaf").dns("a.test"));
  private static final Issued OTHER = ROOT.leaf(Leaf.named("other").dns("b.test"));
  private static final String GATEWAY =
      """
      apiVersion: networking.istio.io/v1
      kind: Gateway
      metadata: {name: gw, namespace: ingress}
      spec:
        selector: {istio: ingress}
        servers:
        - port: {number: 443, name: https, protocol: HTTPS}
          hosts: ["*"]
          tls: {mode: MUTUAL, credentialName: %s}
      """;

  private final SecretGenerator generator = new SecretGenerator();

  private static String secret(String namespace, String name, String... keysAndValues) {
    StringBuilder yaml =
        new StringBuilder(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: %s, namespace: %s}
            data:
            """
                .formatted(name, namespace));
    for (int i = 0; i < keysAndValues.length; i += 2) {
      yaml.append("  ")
          .append(keysAndValues[i])
          .append(": ")
          .append(
              Base64.getEncoder()
                  .encodeToString(keysAndValues[i + 1].getBytes(StandardCharsets.UTF_8)))
          .append('\n');
    }
    return yaml.append("---\n").toString();
  }

  private static String configMap(String namespace, String name, String text) {
    return """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: %s, namespace: %s}
        data:
          ca.crt: |
        %s---
        """
        .formatted(name, namespace, text.indent(4));
  }

  private static ProxyNode node(String type, String namespace) {
    return ProxyNode.parse(
            Node.newBuilder()
                .setId(type + "~10.0.0.1~gw." + namespace + "~" + namespace + ".svc.cluster.local")
                .setMetadata(
                    Struct.newBuilder()
                        .putFields(
                            "NAMESPACE", Value.newBuilder().setStringValue(namespace).build())
                        .putFields(
                            "LABELS",
                            Value.newBuilder()
                                .setStructValue(
                                    Struct.newBuilder()
                                        .putFields(
                                            "istio",
                                            Value.newBuilder().setStringValue("ingress").build()))
                                .build()))
                .build(),
            Origin.of("test"))
        .orElseThrow();
  }

  private Secret one(String yaml, String name) {
    List<GeneratedResource> made =
        generator.all(node("router", "ingress"), YamlWorld.of(yaml), List.of(name));
    assertEquals(1, made.size(), () -> problems(yaml, name).toString());
    assertEquals(name, made.getFirst().name());
    return (Secret) made.getFirst().body();
  }

  private List<String> problems(String yaml, String name) {
    PushContext context = YamlWorld.of(yaml);
    assertTrue(
        generator.all(node("router", "ingress"), context, List.of(name)).isEmpty()
            || generator.problems(node("router", "ingress"), context, List.of(name)).isEmpty());
    return generator.problems(node("router", "ingress"), context, List.of(name)).stream()
        .map(Object::toString)
        .toList();
  }

  private static String text(com.google.protobuf.ByteString bytes) {
    return bytes.toStringUtf8();
  }

  @ParameterizedTest
  @CsvSource({"tls.crt,tls.key,ca.crt", "cert,key,cacert"})
  void bothSetsOfKeysAreRead(String certificate, String key, String roots) {
    String yaml =
        secret(
            "ingress",
            "web",
            certificate,
            LEAF.chain(),
            key,
            LEAF.key(),
            roots,
            ROOT.certificate());
    for (String name : List.of("kubernetes://web", "kubernetes://ingress/web")) {
      Secret pair = one(yaml, name);
      assertEquals(
          LEAF.chain(), text(pair.getTlsCertificate().getCertificateChain().getInlineBytes()));
      assertEquals(LEAF.key(), text(pair.getTlsCertificate().getPrivateKey().getInlineBytes()));
    }
    Secret authorities = one(yaml, "kubernetes://web-cacert");
    assertEquals(
        ROOT.certificate(),
        text(authorities.getValidationContext().getTrustedCa().getInlineBytes()));
    assertFalse(authorities.getValidationContext().hasCrl());
  }

  @Test
  void rootsMayBeInASecretOfTheirOwn() {
    String yaml =
        secret("ingress", "web", "tls.crt", LEAF.chain(), "tls.key", LEAF.key())
            + secret("ingress", "web-cacert", "ca.crt", ROOT.certificate())
            + secret("ingress", "roots", "cacert", ROOT.certificate())
            + configMap("other", "bundle", ROOT.certificate());
    assertTrue(one(yaml, "kubernetes://web-cacert").hasValidationContext());
    assertTrue(one(yaml, "kubernetes://roots").hasValidationContext());
    assertTrue(one(yaml, "configmap://other/bundle").hasValidationContext());
    assertTrue(one(yaml, "configmap://other/bundle-cacert").hasValidationContext());
  }

  @Test
  void blanksAroundLinesOfPemAreTakenAway() {
    String yaml =
        secret(
            "ingress", "web", "tls.crt", LEAF.chain().indent(2), "tls.key", LEAF.key().indent(1));
    Secret pair = one(yaml, "kubernetes://web");
    assertEquals(
        LEAF.chain(), text(pair.getTlsCertificate().getCertificateChain().getInlineBytes()));
    assertEquals(LEAF.key(), text(pair.getTlsCertificate().getPrivateKey().getInlineBytes()));
  }

  @Test
  void othersNamespacesAreClosed() {
    String yaml = secret("apps", "web", "tls.crt", LEAF.chain(), "tls.key", LEAF.key());
    String problem = problems(yaml, "kubernetes://apps/web").toString();
    assertTrue(problem.contains("a Secret of the proxy's namespace ingress"), problem);
    problem = problems(yaml, "kubernetes-gateway://apps/web").toString();
    assertTrue(problem.contains("a Secret that a gateway of this proxy refers to"), problem);
    one(yaml + GATEWAY.formatted("kubernetes-gateway://apps/web"), "kubernetes-gateway://apps/web");
  }

  @Test
  void whatIsMissingIsToldWhereItIsNamed() {
    String yaml = GATEWAY.formatted("gone");
    assertEquals(
        List.of(
            "error: world.yaml:1:1: spec.servers[0].tls.credentialName: found"
                + " kubernetes://gone-cacert (expected: a Secret that exists:"
                + " ingress/gone-cacert) in Gateway ingress/gw"),
        problems(yaml, "kubernetes://gone-cacert"));
    assertEquals(1, problems(yaml, "invalid://x").size());
    assertEquals(1, problems(yaml, "kubernetes://a/b/c").size());
    assertEquals(1, problems(yaml, "configmap://c").size());
  }

  @Test
  void whatIsUnusableIsToldAndNotSent() {
    String yaml =
        secret("ingress", "mixed", "tls.crt", LEAF.chain(), "tls.key", OTHER.key())
            + secret("ingress", "noise", "cert", "noise", "key", LEAF.key())
            + secret("ingress", "nokey", "cert", LEAF.chain(), "key", "noise")
            + secret("ingress", "half", "tls.crt", LEAF.chain())
            + secret("ingress", "roots", "cacert", ROOT.certificate(), "crl", "noise");
    assertContains("data.tls.key: found another key", problems(yaml, "kubernetes://mixed"));
    assertContains("data.cert:", problems(yaml, "kubernetes://noise"));
    assertContains("data.key:", problems(yaml, "kubernetes://nokey"));
    assertContains("cert and key, or tls.crt and tls.key", problems(yaml, "kubernetes://half"));
    assertContains("cacert or ca.crt", problems(yaml, "kubernetes://half-cacert"));
    assertContains("data.crl:", problems(yaml, "kubernetes://roots-cacert"));
    for (String name : List.of("mixed", "noise", "nokey", "half")) {
      String problem = problems(yaml, "kubernetes://" + name).toString();
      assertFalse(problem.contains("BEGIN"), problem);
    }
  }

  private static void assertContains(String part, List<String> problems) {
    assertEquals(1, problems.size());
    assertTrue(problems.getFirst().contains(part), problems::toString);
  }
}
