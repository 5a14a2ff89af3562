package io.meltemi.bench.scenario;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import io.meltemi.bench.load.LoadResult;
import io.meltemi.bench.process.Child;
import io.meltemi.bench.report.Metric;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * What a JVM allocates, read over its management agent. Loading the agent changes the process, so
 * this comes after everything else that is measured.
 */
final class Allocation {
  private Allocation() {}

  /** A load to be measured. */
  @FunctionalInterface
  interface Work {
    LoadResult run() throws IOException, InterruptedException;
  }

  private record Counters(long allocatedBytes, long collections, long collectionMillis) {
    private static final Counters ZERO = new Counters(0, 0, 0);

    Counters plus(Counters other) {
      return new Counters(
          allocatedBytes + other.allocatedBytes,
          collections + other.collections,
          collectionMillis + other.collectionMillis);
    }
  }

  /** Runs the work and sums up all the processes. */
  static Map<Metric, Double> measure(List<Child> processes, Work work)
      throws IOException, InterruptedException {
    List<JMXConnector> connectors = new ArrayList<>();
    try {
      for (Child process : processes) {
        connectors.add(connect(process.pid()));
      }
      // the first question loads classes
      read(connectors);
      Counters before = read(connectors);
      LoadResult done = work.run();
      Counters after = read(connectors);
      Map<Metric, Double> figures = new EnumMap<>(Metric.class);
      figures.put(
          Metric.ALLOCATED_BYTES,
          (double) (after.allocatedBytes() - before.allocatedBytes()) / done.requests());
      figures.put(Metric.COLLECTIONS, (double) (after.collections() - before.collections()));
      figures.put(
          Metric.COLLECTION_MILLIS,
          (double) (after.collectionMillis() - before.collectionMillis()));
      return figures;
    } finally {
      for (JMXConnector connector : connectors) {
        connector.close();
      }
    }
  }

  @SuppressWarnings("BanJNDI") // the address of a child process on this machine, no JNDI name
  private static JMXConnector connect(long pid) throws IOException {
    try {
      VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
      try {
        return JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()));
      } finally {
        machine.detach();
      }
    } catch (AttachNotSupportedException e) {
      throw new IOException("the process takes no management agent: " + e.getMessage(), e);
    }
  }

  private static Counters read(List<JMXConnector> connectors) throws IOException {
    Counters sum = Counters.ZERO;
    for (JMXConnector connector : connectors) {
      sum = sum.plus(read(connector.getMBeanServerConnection()));
    }
    return sum;
  }

  private static Counters read(MBeanServerConnection server) throws IOException {
    long allocated =
        ManagementFactory.newPlatformMXBeanProxy(
                server, ManagementFactory.THREAD_MXBEAN_NAME, com.sun.management.ThreadMXBean.class)
            .getTotalThreadAllocatedBytes();
    long count = 0;
    long millis = 0;
    for (GarbageCollectorMXBean collector :
        ManagementFactory.getPlatformMXBeans(server, GarbageCollectorMXBean.class)) {
      count += collector.getCollectionCount();
      millis += collector.getCollectionTime();
    }
    return new Counters(allocated, count, millis);
  }
}
