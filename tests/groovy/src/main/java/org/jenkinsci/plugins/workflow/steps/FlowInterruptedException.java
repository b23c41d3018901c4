package org.jenkinsci.plugins.workflow.steps;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** An abort, a time-out or a lost agent, as it arrives in scripts; of the names that they see in Jenkins. */
public class FlowInterruptedException extends InterruptedException {
  private static final long serialVersionUID = 1;

  private final String result;
  private final ArrayList<Cause> causes;

  public FlowInterruptedException(String result, Cause... causes) {
    this.result = result;
    this.causes = new ArrayList<>(List.of(causes));
  }

  public String getResult() {
    return result;
  }

  public List<Cause> getCauses() {
    return causes;
  }

  /** `hudson.model.Result` there; its text is the same. */
  @Override
  public String getMessage() {
    return null;
  }

  public boolean isRetryable() {
    return causes.stream().anyMatch(Cause::isRetryable);
  }

  /** jenkins.model.CauseOfInterruption. */
  public static final class Cause implements Serializable {
    private static final long serialVersionUID = 1;

    private final String text;
    private final boolean retryable;

    public Cause(String text, boolean retryable) {
      this.text = text;
      this.retryable = retryable;
    }

    public String getShortDescription() {
      return text;
    }

    boolean isRetryable() {
      return retryable;
    }
  }
}
