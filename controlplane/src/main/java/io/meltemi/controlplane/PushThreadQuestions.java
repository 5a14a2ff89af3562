package io.meltemi.controlplane;

import io.meltemi.common.time.TaskLoop;
import io.meltemi.controlplane.debug.DebugPages;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Asks on the push thread and waits for the answer. Whatever a question throws, an {@link Error}
 * too, goes to whoever asked.
 *
 * @param loop the push thread
 */
record PushThreadQuestions(TaskLoop loop) implements DebugPages.Questions {
  private static final long SECONDS_MAX = 30;

  @Override
  public <T> T ask(Supplier<T> question) {
    return CompletableFuture.supplyAsync(question, loop::execute)
        .orTimeout(SECONDS_MAX, TimeUnit.SECONDS)
        .join();
  }
}
