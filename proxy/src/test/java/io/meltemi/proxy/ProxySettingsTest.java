package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Validation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ProxySettingsTest {
  @Test
  void readsEnvoysCommandLine() {
    Validation<ProxySettings> parsed =
        ProxySettings.parse(
            List.of(
                "-c",
                "envoy.yaml",
                "--concurrency=2",
                "--service-node",
                "n",
                "--service-cluster",
                "c",
                "-l",
                "debug",
                "--drain-time-s",
                "45",
                "--mode",
                "validate",
                "--base-id",
                "3",
                "--restart-epoch",
                "0",
                "--disable-hot-restart",
                "--drain-strategy",
                "immediate"));
    ProxySettings settings = parsed.orElseThrow();
    assertEquals(Optional.of(Path.of("envoy.yaml")), settings.configPath());
    assertEquals(2, settings.concurrency());
    assertEquals(new ProxySettings.NodeOverrides("n", "c", ""), settings.node());
    assertEquals(System.Logger.Level.DEBUG, settings.logging().level());
    assertEquals(Duration.ofSeconds(45), settings.drainTime());
    assertTrue(settings.validateOnly());
    assertEquals(
        List.of(
            "flag --base-id",
            "flag --restart-epoch",
            "flag --disable-hot-restart",
            "flag --drain-strategy"),
        parsed.warnings().stream().map(warning -> warning.origin().location()).toList());
  }

  @Test
  void hasEnvoysDefaults() {
    ProxySettings settings = ProxySettings.parse(List.of("--config-yaml", "{}")).orElseThrow();
    assertEquals(
        new ProxySettings(
            Optional.empty(),
            "{}",
            0,
            ProxySettings.NodeOverrides.NONE,
            ProxySettings.Logging.DEFAULT,
            false,
            Optional.empty(),
            Duration.ofMinutes(10)),
        settings);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-c",
        "--nonsense -c x",
        "-c x --concurrency many",
        "-c x --concurrency -1",
        "-c x --mode serving",
        "-c x --log-level loud",
        "-c x --allow-unknown-static-fields",
        "-c x --component-log-level upstream"
      })
  void refuses(String line) {
    assertFalse(ProxySettings.parse(List.of(line.split(" "))).isValid());
  }

  @Test
  void givesAReasonForEveryFlagWithoutEffect() {
    for (ProxyFlag flag : ProxyFlag.all()) {
      assertEquals(
          flag.effect() == ProxyFlag.Effect.APPLIED, flag.reason().isEmpty(), flag::toString);
    }
  }
}
