// Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
//
// Runs an exported policy with ONNX Runtime: all sizes, names and bounds are those of the file.
//
//   onnx_policy policy.onnx < observations
//
// Each line of the input has the numbers of one observation, unnormalised, as the robot publishes
// them. Each line of the output has the command, in the robot's units.

#include <onnxruntime_cxx_api.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// Returns a text in the file's metadata; empty if it is not there.
std::string text_of(const Ort::Session & session, const char * key)
{
  Ort::AllocatorWithDefaultOptions allocator;
  const Ort::ModelMetadata metadata = session.GetModelMetadata();
#if ORT_API_VERSION >= 13
  const auto text = metadata.LookupCustomMetadataMapAllocated(key, allocator);
  return text ? text.get() : "";
#else
  char * text = metadata.LookupCustomMetadataMap(key, allocator);
  const std::string copy = text ? text : "";
  allocator.Free(text);
  return copy;
#endif
}

// Returns the items of a list in the file's metadata, one a line; none if it is not there.
std::vector<std::string> list_of(const Ort::Session & session, const char * key)
{
  std::vector<std::string> items;
  std::istringstream lines(text_of(session, key));
  for (std::string line; std::getline(lines, line);) {
    items.push_back(line);
  }
  return items;
}

// Returns the numbers of a list in the file's metadata.
std::vector<float> numbers_of(const Ort::Session & session, const char * key)
{
  std::vector<float> numbers;
  for (const auto & item : list_of(session, key)) {
    numbers.push_back(std::stof(item));
  }
  return numbers;
}

// A policy in a file that rl_export wrote.
class Policy
{
public:
  explicit Policy(const char * path)
  : session_(environment_, path, options())
  {
    const auto shape = session_.GetInputTypeInfo(0).GetTensorTypeAndShapeInfo().GetShape();
    observation_size_ = static_cast<std::size_t>(shape.at(1));
    observation_names_ = list_of(session_, "rl_observation_names");
    action_names_ = list_of(session_, "rl_action_names");
    low_ = numbers_of(session_, "rl_command_low");
    high_ = numbers_of(session_, "rl_command_high");
    if (low_.empty() || low_.size() != high_.size()) {
      throw std::runtime_error("no bounds of the command; accepted: a file that rl_export wrote");
    }
  }

  // Returns the command for an observation.
  std::vector<float> command(std::vector<float> observation)
  {
    if (observation.size() != observation_size_) {
      throw std::runtime_error(
              "given " + std::to_string(observation.size()) + " numbers; accepted: " +
              std::to_string(observation_size_));
    }
    const std::array<std::int64_t, 2> shape{1, static_cast<std::int64_t>(observation_size_)};
    const auto input = Ort::Value::CreateTensor<float>(
      memory_, observation.data(), observation.size(), shape.data(), shape.size());
    const std::array<const char *, 1> inputs{"observation"}, outputs{"command"};
    const auto result =
      session_.Run(Ort::RunOptions{nullptr}, inputs.data(), &input, 1, outputs.data(), 1);
    const float * numbers = result.front().GetTensorData<float>();
    std::vector<float> command(numbers, numbers + low_.size());
    for (const float number : command) {
      if (!std::isfinite(number)) {
        throw std::runtime_error("the command is not finite: the observation was not, either");
      }
    }
    return command;
  }

  // Describes the file.
  void describe(std::ostream & out) const
  {
    out << "observation: " << observation_size_ << " numbers";
    for (const auto & name : observation_names_) {
      out << ' ' << name;
    }
    out << "\ncommand: " << low_.size() << " numbers\n";
    for (std::size_t index = 0; index < low_.size(); ++index) {
      const std::string name = index < action_names_.size() ? action_names_[index] : "?";
      out << "  " << name << ": " << low_[index] << " to " << high_[index] << '\n';
    }
    for (const float rate_hz : numbers_of(session_, "rl_rate_hz")) {
      out << "rate: " << rate_hz << " Hz\n";
    }
  }

private:
  static Ort::SessionOptions options()
  {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);  // such a small network is fastest on one core
    return options;
  }

  Ort::Env environment_{ORT_LOGGING_LEVEL_WARNING, "onnx_policy"};
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  mutable Ort::Session session_;
  std::size_t observation_size_ = 0;
  std::vector<std::string> observation_names_, action_names_;
  std::vector<float> low_, high_;
};

int main(int argc, char ** argv)
{
  if (argc != 2) {
    std::cerr << "usage: onnx_policy policy.onnx < observations\n";
    return 2;
  }
  try {
    Policy policy(argv[1]);
    policy.describe(std::cerr);
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::vector<float> observation;
      for (float number; words >> number;) {
        observation.push_back(number);
      }
      const char * gap = "";
      for (const float number : policy.command(observation)) {
        std::cout << gap << number;
        gap = " ";
      }
      std::cout << std::endl;
    }
  } catch (const std::exception & error) {
    std::cerr << "onnx_policy: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
