package io.meltemi.it.traffic;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** An application that tells who it is and what it received, and keeps what it received. */
final class EchoApplication {
  private final String workload;
  private final String version;
  private final String namespace;
  private final ConcurrentLinkedQueue<Map<String, Object>> seen = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicInteger> failures = new ConcurrentHashMap<>();

  EchoApplication(String workload, String version, String namespace) {
    this.workload = workload;
    this.version = version;
    this.namespace = namespace;
  }

  String workload() {
    return workload;
  }

  String version() {
    return version;
  }

  /** What is known of any connection. */
  Map<String, Object> record(Channel channel, String proto) {
    Channel connection =
        channel.parent() == null || channel.remoteAddress() != null ? channel : channel.parent();
    InetSocketAddress remote =
        (InetSocketAddress)
            (connection.remoteAddress() == null
                ? channel.parent().remoteAddress()
                : connection.remoteAddress());
    InetSocketAddress local =
        (InetSocketAddress)
            (connection.localAddress() == null
                ? channel.parent().localAddress()
                : connection.localAddress());
    return record(remote, local.getPort(), proto);
  }

  Map<String, Object> record(InetSocketAddress remote, int port, String proto) {
    Map<String, Object> record = new LinkedHashMap<>();
    record.put("workload", workload);
    record.put("version", version);
    record.put("namespace", namespace);
    record.put("proto", proto);
    record.put("remote", remote.getAddress().getHostAddress() + ":" + remote.getPort());
    record.put("remoteIP", remote.getAddress().getHostAddress());
    record.put("conn", remote.getAddress().getHostAddress() + ":" + remote.getPort());
    record.put("port", port);
    return record;
  }

  void received(Map<String, Object> record) {
    seen.add(record);
  }

  /** Everything since {@link #forget}. */
  List<Map<String, Object>> seen() {
    return List.copyOf(seen);
  }

  void forget() {
    seen.clear();
    failures.clear();
  }

  /** Whether this is one of the first calls of a key. */
  boolean failsFirst(String key, int calls) {
    return failures.computeIfAbsent(key, _ -> new AtomicInteger()).incrementAndGet() <= calls;
  }
}
