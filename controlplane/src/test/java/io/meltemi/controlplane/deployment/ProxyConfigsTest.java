package io.meltemi.controlplane.deployment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.ProxyConfig;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.testing.YamlWorld;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyConfigsTest {
  private static final List<Resource<?>> WORLD =
      YamlWorld.resources(
          """
          apiVersion: networking.istio.io/v1beta1
          kind: ProxyConfig
          metadata: {name: mesh-wide, namespace: istio-system}
          spec: {concurrency: 2, environmentVariables: {A: root, B: root}}
          ---
          apiVersion: networking.istio.io/v1beta1
          kind: ProxyConfig
          metadata: {name: all, namespace: app}
          spec: {environmentVariables: {B: own}, image: {imageType: debug}}
          ---
          apiVersion: networking.istio.io/v1beta1
          kind: ProxyConfig
          metadata: {name: some, namespace: app}
          spec: {selector: {matchLabels: {app: web}}, concurrency: 7}
          ---
          """);

  private static ProxyConfig of(Map<String, String> labels, String annotation) {
    return ProxyConfigs.of(
        ConfigSnapshot.of(WORLD),
        MeshConfig.DEFAULT,
        WORLD.getLast(),
        labels,
        annotation.isEmpty() ? Map.of() : Map.of(ProxyConfigs.ANNOTATION, annotation));
  }

  @Test
  void levelsLieOverEachOtherFieldByField() {
    ProxyConfig config =
        of(
            Map.of("app", "other"),
            "{concurrency: 3, proxyMetadata: {A: mine}, drainDuration: 9s, statusPort: 1}");
    assertEquals(OptionalInt.of(3), config.concurrency());
    assertEquals(Map.of("A", "mine", "B", "own"), config.metadata());
    assertEquals("debug", config.imageType());
    assertEquals(9, config.durations().drain().toSeconds());
    assertEquals(1, config.addresses().statusPort());
    assertEquals(15000, config.addresses().adminPort());
  }

  @Test
  void whatSelectsTheWorkloadIsAboveItsAnnotation() {
    assertEquals(OptionalInt.of(7), of(Map.of("app", "web"), "{concurrency: 3}").concurrency());
    assertEquals(OptionalInt.of(2), of(Map.of("app", "other"), "").concurrency());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{concurrency: many} | concurrency: found \"many\"",
        "[1] | found a list (expected: an object of proxy settings)",
        "{ | found the end of the text",
      })
  void anAnnotationThatCannotBeReadIsNamed(String annotation, String said) {
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> of(Map.of(), annotation))
                .getMessage());
    assertTrue(
        message.startsWith("annotation proxy.istio.io/config: world.yaml:12: ")
            && message.contains(said),
        message);
  }

  @ParameterizedTest
  @CsvSource({
    "1.32.0, '', 1.32.0",
    "1.32.0, debug, 1.32.0-debug",
    "1.32.0-distroless, '', 1.32.0-distroless",
    "1.32.0-distroless, debug, 1.32.0-debug",
    "1.32.0-distroless, default, 1.32.0",
  })
  void theTypeOfAnImageStandsAtTheEndOfItsTag(String tag, String type, String tagged) {
    var images = new DeploymentSettings.Images("hub", tag, "proxyv2", "agent", "", List.of());
    assertEquals("hub/proxyv2:" + tagged, images.named("proxyv2", type));
    assertEquals("other/proxy:1", images.named("other/proxy:1", type));
  }
}
