package io.meltemi.proxy.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SystemNameResolverTest {
  @ParameterizedTest
  @ValueSource(strings = {"one.localhost", "a.b.LocalHost", ".localhost"})
  void namesBelowLocalhostAreThisMachine(String name) throws InterruptedException {
    BlockingQueue<List<InetAddress>> answers = new ArrayBlockingQueue<>(1);
    try (SystemNameResolver resolver = new SystemNameResolver()) {
      resolver.resolve(name, answers::add);
      assertEquals(
          List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1")),
          answers.poll(10, TimeUnit.SECONDS));
    }
  }
}
