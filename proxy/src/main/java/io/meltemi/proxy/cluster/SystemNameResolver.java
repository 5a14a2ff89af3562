package io.meltemi.proxy.cluster;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The system's resolver (hosts file, DNS, whatever the machine is set up for) on a few threads of
 * its own, because it blocks. The same on every operating system.
 *
 * <p>Differs from Envoy: times to live of DNS records are not visible here, so the refresh rate of
 * the cluster counts.
 */
public final class SystemNameResolver implements NameResolver, AutoCloseable {
  private static final int THREADS = 2;
  private static final int QUEUE_MAX = 10_000;
  private static final String LOCALHOST = ".localhost";
  private static final List<InetAddress> LOOPBACK =
      List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1"));
  private final ThreadPoolExecutor executor;

  public SystemNameResolver() {
    executor =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            5,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(QUEUE_MAX),
            Thread.ofPlatform().daemon().name("dns-", 0).factory());
    executor.allowCoreThreadTimeOut(true);
  }

  @Override
  public void resolve(String name, Consumer<List<InetAddress>> answer) {
    try {
      executor.execute(() -> answer.accept(lookUp(name)));
    } catch (RejectedExecutionException e) {
      answer.accept(List.of());
    }
  }

  private static List<InetAddress> lookUp(String name) {
    if (isLocalhost(name)) {
      return LOOPBACK;
    }
    try {
      return List.of(InetAddress.getAllByName(name));
    } catch (UnknownHostException e) {
      return List.of();
    }
  }

  /** Names below localhost are this machine (RFC 6761, section 6.3); not every system says so. */
  private static boolean isLocalhost(String name) {
    return name.regionMatches(
        true, name.length() - LOCALHOST.length(), LOCALHOST, 0, LOCALHOST.length());
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
