package io.meltemi.proxy.testing;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails the test class after which a leaked buffer shows. Netty itself only logs leaks. Registered
 * for every test of this module by {@code META-INF/services}.
 */
public final class LeakGuard implements BeforeAllCallback, AfterAllCallback {
  private static final int COLLECTIONS = 2;
  private static final long QUEUE_MILLIS_MAX = 10_000;
  private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();

  static {
    // before the first buffer class is loaded, which keeps the detector it finds
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Detectors());
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    // loading this class is enough
  }

  @Override
  public void afterAll(ExtensionContext context) throws InterruptedException {
    if (context.getParent().filter(parent -> parent.getTestClass().isPresent()).isPresent()) {
      return;
    }
    for (int i = 0; i < COLLECTIONS; i++) {
      collect();
      // leaks are told when the next buffer is tracked
      ByteBufAllocator.DEFAULT.directBuffer(16).release();
    }
    List<String> leaks = new ArrayList<>();
    for (String leak = LEAKS.poll(); leak != null; leak = LEAKS.poll()) {
      leaks.add(leak);
    }
    if (!leaks.isEmpty()) {
      throw new AssertionError("leaked buffers:\n" + String.join("\n", leaks));
    }
  }

  /** Collects, and waits until what became unreachable has been told to its queue. */
  private static void collect() throws InterruptedException {
    ReferenceQueue<Object> queue = new ReferenceQueue<>();
    WeakReference<Object> canary = new WeakReference<>(new Object(), queue);
    System.gc();
    if (queue.remove(QUEUE_MILLIS_MAX) != canary) {
      throw new IllegalStateException("nothing was collected in " + QUEUE_MILLIS_MAX + " ms");
    }
  }

  private static final class Detectors extends ResourceLeakDetectorFactory {
    @Override
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval) {
      return new Detector<>(resource, samplingInterval);
    }

    @Deprecated
    @Override
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval, long maxActive) {
      return new Detector<>(resource, samplingInterval);
    }
  }

  private static final class Detector<T> extends ResourceLeakDetector<T> {
    Detector(Class<T> resource, int samplingInterval) {
      super(resource, samplingInterval);
    }

    @Override
    protected boolean needReport() {
      return true;
    }

    @Override
    protected void reportTracedLeak(String resource, String records) {
      LEAKS.add(resource + records);
      super.reportTracedLeak(resource, records);
    }

    @Override
    protected void reportUntracedLeak(String resource) {
      LEAKS.add(resource);
      super.reportUntracedLeak(resource);
    }
  }
}
