package io.meltemi.embedded.address;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.net.HostPort;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PodAddressesTest {
  @Test
  void podsGetTheirPortsOnAddressesOfTheirOwn() {
    PodAddresses addresses = new PodAddresses((_, _) -> true);
    PodAddresses.PodAddress first = addresses.allocate(List.of(9080, 15000));
    PodAddresses.PodAddress second = addresses.allocate(List.of(9080, 15000));
    assertNotEquals(first.ip(), second.ip());
    assertEquals(new HostPort(first.ip(), 9080), first.at(9080));
    assertThrows(IllegalArgumentException.class, () -> first.at(1));
  }

  @Test
  void addressWithTakenPortIsPassedOver() {
    Set<String> taken = Set.of("127.1.0.2", "127.1.0.3");
    PodAddresses addresses =
        new PodAddresses((host, port) -> !(taken.contains(host) && port == 9080));
    assertEquals("127.1.0.4", addresses.allocate(List.of(9080)).ip());
  }

  @Test
  void oneLoopbackAddressMeansPortsOfTheirOwn() {
    PodAddresses addresses = new PodAddresses((host, _) -> host.equals("127.0.0.1"));
    assertFalse(addresses.isDistinct());
    PodAddresses.PodAddress first = addresses.allocate(List.of(9080));
    PodAddresses.PodAddress second = addresses.allocate(List.of(9080));
    assertEquals("127.0.0.1", first.ip());
    assertNotEquals(first.at(9080), second.at(9080));
  }

  @Test
  void applicationPortsAreNotGivenTwice() {
    PodAddresses addresses = new PodAddresses((_, _) -> true);
    int first = addresses.allocatePort();
    assertNotEquals(first, addresses.allocatePort());
    addresses.reservePort(first + 2);
    assertEquals(first + 3, addresses.allocatePort());
  }

  @Test
  void nothingFreeIsSaid() {
    PodAddresses addresses = new PodAddresses((_, _) -> false);
    assertThrows(IllegalStateException.class, addresses::allocatePort);
  }

  @Test
  void bindingProbeSeesListeners() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertFalse(PortProbe.binding().isFree("127.0.0.1", socket.getLocalPort()));
    }
    assertTrue(PortProbe.binding().isFree("127.0.0.1", 0));
    assertFalse(PortProbe.binding().isFree("192.0.2.1", 0));
  }

  @Test
  void rehearsalLeavesTheUsualPortsAlone() throws Exception {
    PortProbe probe = PortProbe.rehearsing();
    assertFalse(probe.isFree("127.0.0.1", 8080));
    assertFalse(probe.isFree("127.0.0.1", 15010));
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertFalse(probe.isFree("127.0.0.1", taken.getLocalPort()));
    }
    PodAddresses addresses = new PodAddresses(probe);
    assertTrue(addresses.allocatePort() >= PodAddresses.PORT_FIRST);
  }
}
