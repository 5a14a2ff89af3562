package io.meltemi.proxy.testing;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
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
  private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();

  static {
    // before the first buffer class is loaded, which keeps the detector it finds
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Detectors());
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    // what an earlier class left behind is not this one's fault
    LEAKS.clear();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (context.getParent().filter(parent -> parent.getTestClass().isPresent()).isPresent()) {
      return;
    }
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
      // leaks are told when the next buffer is tracked
      ByteBufAllocator.DEFAULT.directBuffer(16).release();
    }
    if (!LEAKS.isEmpty()) {
      throw new AssertionError("leaked buffers:\n" + String.join("\n", LEAKS));
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
