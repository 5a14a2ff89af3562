package io.meltemi.controlplane.push;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.config.Kinds;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class FeaturesTest {
  @Test
  void anEmptyEnvironmentChangesNothing() {
    assertEquals(Features.DEFAULT, Features.of(Map.of()));
    assertEquals(
        new Features(
            "default",
            true,
            Features.UnreadyEndpoints.AUTO,
            new Features.GatewayApi(true, false, true, true)),
        Features.DEFAULT);
  }

  @Test
  void switchesAreRead() {
    Features features =
        Features.of(
            Map.of(
                "REVISION", "canary",
                "PILOT_ENABLE_IP_AUTOALLOCATE", "false",
                "PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS", "0",
                "PILOT_ENABLE_ALPHA_GATEWAY_API", "true",
                "PILOT_ENABLE_GATEWAY_API_STATUS", "false",
                "PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER", "f"));
    assertEquals(
        new Features(
            "canary",
            false,
            Features.UnreadyEndpoints.NEVER,
            new Features.GatewayApi(true, true, false, false)),
        features);
    assertEquals(
        Features.UnreadyEndpoints.ALWAYS,
        Features.of(Map.of("PILOT_SEND_UNHEALTHY_ENDPOINTS", "true")).unreadyEndpoints());
  }

  @Test
  void otherValuesAreRefusedByName() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> Features.of(Map.of("PILOT_ENABLE_GATEWAY_API", "perhaps")));
    assertEquals(
        "PILOT_ENABLE_GATEWAY_API: found perhaps (expected: true or false)", refused.getMessage());
  }

  @Test
  void kindsThatAreSwitchedOffAreLeftOut() {
    assertTrue(Features.DEFAULT.admits(Kinds.HTTP_ROUTE));
    assertFalse(Features.DEFAULT.admits(Kinds.BACKEND_TRAFFIC_POLICY));
    assertTrue(
        Features.of(Map.of("PILOT_ENABLE_ALPHA_GATEWAY_API", "true"))
            .admits(Kinds.BACKEND_TRAFFIC_POLICY));
    Features without = Features.of(Map.of("PILOT_ENABLE_GATEWAY_API", "false"));
    assertFalse(without.admits(Kinds.HTTP_ROUTE));
    assertFalse(without.admits(Kinds.KUBERNETES_GATEWAY));
    assertTrue(without.admits(Kinds.VIRTUAL_SERVICE));
    assertTrue(without.admits(Kinds.INGRESS));
  }
}
