package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.meltemi.common.time.TaskLoop;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PushThreadQuestionsTest {
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private final PushThreadQuestions questions = new PushThreadQuestions(TaskLoop.on(thread));

  @AfterEach
  void stop() {
    thread.shutdownNow();
  }

  @Test
  void answersComeFromTheLoop() {
    Thread asker = Thread.currentThread();
    assertEquals(false, questions.ask(() -> Thread.currentThread() == asker));
  }

  /** Not after the longest wait, which would be a timeout. */
  @Test
  void anErrorIsTheAnswer() {
    Error failure = new StackOverflowError("a page that goes in circles");
    CompletionException thrown =
        assertThrows(
            CompletionException.class,
            () ->
                questions.ask(
                    () -> {
                      throw failure;
                    }));
    assertSame(failure, thrown.getCause());
    assertEquals("next", questions.ask(() -> "next"), "the loop goes on");
  }

  @Test
  void anExceptionIsTheAnswer() {
    CompletionException thrown =
        assertThrows(
            CompletionException.class,
            () ->
                questions.ask(
                    () -> {
                      throw new IllegalStateException("no");
                    }));
    assertInstanceOf(IllegalStateException.class, thrown.getCause());
  }
}
