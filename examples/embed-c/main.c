/* Trains a model from memory, through the C API: the points of y = 3a - 2b + 1, found again by gradient descent. */
#include <talweg-c/talweg.h>

#include <stdio.h>

static const char *const line = "data points {\n"
                                "  x: f32[2]\n"
                                "  y: f32[1]\n"
                                "}\n"
                                "model Line(x: f32[n, 2]) -> f32[n, 1] { out = dense(x, 1) }\n"
                                "train Line on points {\n"
                                "  minimize mean_squared_error(Line(x), y)\n"
                                "  optimizer sgd(lr = 0.3)\n"
                                "  batch 25\n"
                                "  epochs 40\n"
                                "}\n";

int main(void) {
  float x[110][2], y[110], weight[2], bias[1];
  double loss;
  for (int row = 0; row < 110; ++row) {
    x[row][0] = (float)(row % 11) / 5 - 1;
    x[row][1] = (float)(row % 10) / 5 - 1;
    y[row] = 3 * x[row][0] - 2 * x[row][1] + 1;
  }
  talweg_field fields[] = {{"x", x}, {"y", y}};
  talweg_program *program = talweg_program_from_text(line, "line.tw", NULL);
  talweg_dataset *points = program ? talweg_dataset_from_memory(program, fields, 2, 110) : NULL;
  talweg_session *session = points ? talweg_session_create(program, NULL) : NULL;
  int failed =
      !session || talweg_session_set_training_data(session, points) || talweg_session_train(session, 0, NULL, NULL) ||
      talweg_session_read(session, "Line.out.weight", weight, 2) ||
      talweg_session_read(session, "Line.out.bias", bias, 1) || talweg_session_evaluate(session, points, &loss, NULL);
  if (failed)
    fprintf(stderr, "%s\n", talweg_last_error());
  else
    printf("y = %.2f a + %.2f b + %.2f\nloss %.4f over 110 rows\n", weight[0], weight[1], bias[0], loss);
  talweg_session_free(session);
  talweg_dataset_free(points);
  talweg_program_free(program);
  return failed;
}
